import { type CallContent, encodeCall, encodeFaultAlone, encodeReply, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { BusError } from "antiphon";
import { expect, it } from "vitest";
import { contentJson, contentLines } from "./content.js";

const input = (element: Element): CallContent => ({ n: 1, of: "input", element });
const outcome = (element: Element): CallContent => ({ n: 1, of: "outcome", element });
const call = (encoding: "json" | "msgpack", value: unknown) =>
	input(encodeCall({ fn: "words.learn", version: "1.0.0", ttlMs: 1, encoding, input: value }));

it.each(["json", "msgpack"] as const)(
	"The input of a call is printed as JSON, whichever it came in: %s",
	(encoding) => {
		const value = { word: "a\nb", to: ["\u001b[2J", "\u202eevil"] };
		const found = call(encoding, value);
		const [head, ...lines] = contentLines("input", found);
		expect(head).toBe(`input, ${encoding}:`);
		expect(lines).toEqual(['{\n  "word": "a\\nb",\n  "to": [\n    "\\u001b[2J",\n    "\\u202eevil"\n  ]\n}']);
		expect(contentJson(found)).toEqual({ encoding, value });
	},
);

it("Bytes are printed in base64", () => {
	const found = call("msgpack", { key: new Uint8Array([1, 2, 255]) });
	expect(contentLines("input", found)[1]).toBe('{\n  "key": {\n    "base64": "AQL/"\n  }\n}');
	expect(contentJson(found)).toEqual({ encoding: "msgpack", value: { key: { base64: "AQL/" } } });
});

it("What nobody can read is printed as it came, on one line", () => {
	const torn = input(xml("call", NS.rpc, { enc: "json" }, '{"a":\n\u009b'));
	expect(contentLines("input", torn)).toEqual([
		expect.stringMatching(/^input, which cannot be read: payload: /),
		'{"a":\\n\\u009b',
	]);
	expect(contentJson(torn)).toEqual({ encoding: "json", text: '{"a":\n\u009b', problem: expect.any(String) });
	const strange = input(xml("call", NS.rpc, { enc: "cbor" }, "oWFhAQ"));
	expect(contentJson(strange)).toMatchObject({ encoding: "cbor", text: "oWFhAQ" });
});

it("An outcome is a reply, or an error with what it carries", () => {
	expect(contentLines("outcome", outcome(encodeReply("json", 7)))).toEqual(["outcome, json:", "7"]);
	const full = new BusError("fault", "no more room", { name: "full", data: { words: 4_096 }, executed: "yes" });
	const found = outcome(encodeFaultAlone(full, "json"));
	expect(contentLines("outcome", found).join("\n")).toMatch(/^outcome: .*fault full.*: no more room.*"words": 4096/s);
	expect(contentJson(found)).toMatchObject({ error: { code: "fault", name: "full", data: { words: 4_096 } } });
});
