import { parseElement, serialize } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { decodePageEnd, decodePageRequest } from "../disco/result-set.js";
import { NS } from "../namespaces.js";
import {
	decodeFree,
	decodeFreed,
	decodeNames,
	decodeNamesRequest,
	encodeFree,
	encodeFreed,
	encodeNames,
	encodeNamesRequest,
	type KeptName,
} from "./kept-names.js";

const overTheWire = (element: Parameters<typeof serialize>[0]) => parseElement(serialize(element));
const read = (text: string) => parseElement(text.replace(/^<(\w+)/, `<$1 xmlns='${NS.stats}'`));
const failing = (code: string) => expect.objectContaining({ code });

const LINE = "<name service='bank' owner='worker@example.org' unused='5' fixed='false' served='false'/>";

describe("names that a domain keeps", () => {
	const kept: KeptName[] = [
		{ service: "bank", owner: "worker@example.org", unusedMs: undefined, isFixed: true, isServed: false },
		{ service: "dictionary", owner: "worker@example.org", unusedMs: 0, isFixed: false, isServed: true },
		{ service: "lab-1", owner: "robot@example.org", unusedMs: 3 * 86_400_000, isFixed: false, isServed: false },
	];

	it("survive the wire, a page at a time, and one alone can be asked for", () => {
		const range = { first: "bank", last: "lab-1", index: 0 };
		const sent = overTheWire(encodeNames(kept, { count: 9, range }));
		expect(decodeNames(sent)).toEqual(kept);
		expect(decodePageEnd(sent, 3)).toEqual({ last: "lab-1", isEnd: false });
		expect(decodeNames(read("<names/>"))).toEqual([]);
		for (const [after, service] of [[], ["lab-1"], [undefined, "bank"]]) {
			const asked = overTheWire(encodeNamesRequest(after, service));
			expect(decodePageRequest(asked)?.after).toBe(after);
			expect(decodeNamesRequest(asked)).toBe(service);
		}
	});

	it.each([
		"<nodes/>",
		`<names>${LINE.replace("service='bank' ", "")}</names>`,
		`<names>${LINE.replace("owner='worker@example.org' ", "")}</names>`,
		`<names>${LINE.replace("'5'", "'-5'")}</names>`,
		`<names>${LINE.repeat(257)}</names>`,
	])("are not read from %.140s", (text) => {
		expect(() => decodeNames(read(text))).toThrow(failing("protocol"));
	});
});

describe("giving a name up", () => {
	it("names it, and is answered with whose it was", () => {
		expect(decodeFree(overTheWire(encodeFree("bank")))).toBe("bank");
		const freed = { service: "bank", owner: "worker@example.org" };
		expect(decodeFreed(overTheWire(encodeFreed(freed)))).toEqual(freed);
	});

	it.each(["<free/>", "<free service='No Name'/>"])("is refused as %s", (text) => {
		expect(() => decodeFree(read(text))).toThrow(failing("invalid-argument"));
		expect(() => decodeNamesRequest(read("<names service=''/>"))).toThrow(failing("invalid-argument"));
	});

	it.each(["<free/>", "<freed service='bank'/>"])("is not understood from %s", (text) => {
		expect(() => decodeFreed(read(text))).toThrow(failing("protocol"));
	});
});
