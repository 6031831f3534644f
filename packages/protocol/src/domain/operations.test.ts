import { parseElement, serialize } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { decodePageEnd, decodePageRequest } from "../disco/result-set.js";
import { Jid } from "../jid.js";
import { NS } from "../namespaces.js";
import {
	decodeDrain,
	decodeDrained,
	decodeNodes,
	encodeDrain,
	encodeDrained,
	encodeNodes,
	encodeNodesRequest,
	type RegisteredInstance,
} from "./operations.js";

const overTheWire = (element: Parameters<typeof serialize>[0]) => parseElement(serialize(element));
const read = (text: string) => parseElement(text.replace(/^<(\w+)/, `<$1 xmlns='${NS.stats}'`));
const failing = (code: string) => expect.objectContaining({ code });

const LINE =
	"<instance service='a' name='i' jid='w@b/c' v='1.0.0' state='available' running='0' concurrency='1' registered='5' heard='1'/>";

describe("what is registered", () => {
	const instance: RegisteredInstance = {
		service: "dictionary",
		name: "worker-7",
		jid: Jid.parse("worker@example.org/a"),
		version: "1.2.0",
		state: "draining",
		running: 3,
		concurrency: 64,
		labels: Object.assign(Object.create(null), { region: "eu" }),
		registeredMs: 3_600_000,
		heardMs: 1_234,
	};

	it("survives the wire, a page at a time", () => {
		const uid = "dictionary/worker-7";
		const sent = overTheWire(encodeNodes([instance], { count: 3, range: { first: uid, last: uid, index: 0 } }));
		expect(decodeNodes(sent)).toEqual([instance]);
		expect(decodePageEnd(sent, 1)).toEqual({ last: uid, isEnd: false });
		expect(decodeNodes(read("<nodes/>"))).toEqual([]);
		for (const after of [undefined, uid]) {
			expect(decodePageRequest(overTheWire(encodeNodesRequest(after)))?.after).toBe(after);
		}
	});

	it.each([
		"<stats/>",
		`<nodes>${LINE.replace("service='a' ", "")}</nodes>`,
		`<nodes>${LINE.replace("heard='1'", "")}</nodes>`,
		`<nodes>${LINE.replace("w@b/c", "@")}</nodes>`,
		`<nodes>${LINE.repeat(257)}</nodes>`,
	])("is not read from %.140s", (text) => {
		expect(() => decodeNodes(read(text))).toThrow(failing("protocol"));
	});
});

describe("draining", () => {
	it("is asked of one service or of all, and says what came of each", () => {
		for (const asked of [
			{ service: undefined, instance: "worker-7" },
			{ service: "dictionary", instance: "worker-7" },
		]) {
			expect(decodeDrain(overTheWire(encodeDrain(asked)))).toEqual(asked);
		}
		const outcomes = [
			{ service: "dictionary", instance: "worker-7", failure: undefined },
			{ service: "thesaurus", instance: "worker-7", failure: { code: "deadline-exceeded" as const, message: "late" } },
		];
		expect(decodeDrained(overTheWire(encodeDrained(outcomes)))).toEqual(outcomes);
	});

	it.each([
		"<drain/>",
		"<drain instance=''/>",
		`<drain instance='${"x".repeat(129)}'/>`,
		"<drain service='' instance='a'/>",
	])("is refused as %.60s", (text) => {
		expect(() => decodeDrain(read(text))).toThrow(failing("invalid-argument"));
	});

	it.each(["<drain/>", "<drained><instance service='a'/></drained>"])("is not understood from %s", (text) => {
		expect(() => decodeDrained(read(text))).toThrow(failing("protocol"));
	});
});
