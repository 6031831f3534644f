import { iq, message, NS, presence } from "@antiphon/protocol";
import { type Element, parseElement, serialize, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { resolveLimits } from "../limits.js";
import { ADDRESS_BYTES, WireStanza } from "./wire-stanza.js";

const LIMITS = resolveLimits({ maxPresenceBytes: 2000, maxAttributes: 10, maxNameBytes: 40 });
const wire = (stanza: Element, maxStanzaBytes = 10_000) => WireStanza.of(stanza, LIMITS, maxStanzaBytes);
const body = (text: string) => xml("body", NS.client, {}, text);
/** In the namespace of a client stream. */
const read = (text = "") => parseElement(`<s xmlns='${NS.client}'>${text}</s>`).children[0];

describe("A stanza on its way", () => {
	it("is written when it is asked for, and once", () => {
		let read = 0;
		const element = message({ to: "a@b" }, body("ä"));
		const counted = new Proxy(element, {
			get: (target, key) => {
				if (key === "children") read++;
				const value = Reflect.get(target, key, target);
				return typeof value === "function" ? value.bind(target) : value;
			},
		});
		const stanza = wire(counted);
		expect(read).toBe(0);
		expect(stanza.writing).toEqual({ text: "<message to='a@b'><body>ä</body></message>", bytes: 43 });
		const after = read;
		expect(stanza.writing?.bytes).toBe(43);
		expect(read).toBe(after);
	});

	it("is too large beyond its sender's limit and the addresses, in bytes", () => {
		const shell = "<message><body></body></message>".length;
		const room = 10_000 + ADDRESS_BYTES - shell;
		expect(wire(message({}, body("x".repeat(room)))).writing?.bytes).toBe(10_000 + ADDRESS_BYTES);
		expect(wire(message({}, body("x".repeat(room + 1)))).writing).toBeUndefined();
		expect(wire(message({}, body("€".repeat(room / 2)))).writing).toBeUndefined();
	});

	it("can have a payload that is written already", () => {
		const limits = resolveLimits({ maxAttributes: 10 });
		const payload = { text: "<q xmlns='urn:q'>ä</q>", bytes: 23 };
		const empty = iq("result", { id: "1", to: "a@b" });
		const around = (maxBytes: number) => WireStanza.around(empty, limits, maxBytes, payload);
		const text = `${serialize(empty, NS.client).slice(0, -2)}>${payload.text}</iq>`;
		const bytes = Buffer.byteLength(text);
		expect(around(1000).writing).toEqual({ text, bytes });
		expect(around(1000).type).toBe("result");
		expect(around(1000).element.child("q", "urn:q")?.text()).toBe("ä");
		expect(around(bytes - ADDRESS_BYTES).writing?.bytes).toBe(bytes);
		expect(around(bytes - ADDRESS_BYTES - 1).writing).toBeUndefined();
		const long = iq("result", { id: "x".repeat(2000) });
		expect(WireStanza.around(long, limits, 100, payload).writing).toBeUndefined();
		const longAndSmall = iq("result", { id: "x".repeat(1060) });
		expect(WireStanza.around(longAndSmall, limits, 100, payload).writing).toBeDefined();
	});

	it("is bounded more tightly as presence, unless that is an error", () => {
		const status = xml("status", NS.client, {}, "x".repeat(2000 + ADDRESS_BYTES));
		expect(wire(presence({}, status)).writing).toBeUndefined();
		expect(wire(presence({ type: "error" }, status)).writing).toBeDefined();
	});

	it.each<[string, Element, boolean]>([
		["9 attributes, and another address", xml("message", NS.client, attributes(9, "")), true],
		["one more", xml("message", NS.client, attributes(10, "")), false],
		["attributes that are declared one by one", message({ to: "a" }, xml("x", "", attributes(4, "{u}"))), true],
		["one more of these", message({ to: "a" }, xml("x", "", attributes(5, "{u}"))), false],
		["the longest name", message({}, xml("x", "", { [`{u}${"n".repeat(35)}`]: "" })), true],
		["a name that a prefix makes too long", message({}, xml("x", "", { [`{u}${"n".repeat(36)}`]: "" })), false],
	])("keeps to the limits on attributes as they are written: %s", (_, stanza, fits) => {
		expect(wire(stanza).writing !== undefined).toBe(fits);
	});

	it("goes to others without being written again", () => {
		const broadcast = wire(presence({ from: "a@b/c" }, xml("status", NS.client, {}, "ü")));
		for (const address of ["x@y", "it's@y/<&>"]) {
			const { writing, element } = broadcast.to(address);
			expect(writing?.bytes).toBe(Buffer.byteLength(writing?.text ?? ""));
			expect(element.attr("to")).toBe(address);
			expect(read(writing?.text)).toMatchObject({ name: "presence", children: element.children });
			expect((read(writing?.text) as Element).attr("to")).toBe(address);
		}
		expect(wire(iq("set", { id: "1" }, body("x".repeat(20_000)))).to("x@y").writing).toBeUndefined();
	});

	it("is the same when only its text was kept", () => {
		const deep = xml("x", "urn:x", { "{urn:y}a": "1", "xml:lang": "de" }, "a", xml("y", "urn:y"), "<&>");
		const original = wire(presence({ from: "a@b/c", type: "unavailable" }, deep));
		const kept = original.kept();
		expect([kept.name, kept.type, kept.writing]).toEqual(["presence", "unavailable", original.writing]);
		for (const [one, other] of [
			[kept, original],
			[kept.to("d"), original.to("d")],
		] as const) {
			expect(one.writing).toEqual(other.writing);
			expect(one.element).toEqual(other.element);
			expect([...one.element.attributes].sort()).toEqual([...other.element.attributes].sort());
		}
		expect(() => wire(presence({}, body("x".repeat(4000)))).kept()).toThrow(RangeError);
	});
});

function attributes(count: number, ns: string): Record<string, string> {
	return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${ns}a${i}`, ""]));
}
