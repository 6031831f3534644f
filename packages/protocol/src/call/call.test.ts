import { parseElement, serialize, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { BusError } from "../errors.js";
import { NS } from "../namespaces.js";
import { type Call, decodeBody, decodeCallHead, decodeReply, encodeCall, encodeReply } from "./call.js";
import { ENCODINGS } from "./payload/payload.js";

const call: Call = { fn: "dictionary.define", version: "1.0.0", ttlMs: 500, encoding: "json", input: { word: "xmpp" } };
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

const head = (changes: Record<string, string | undefined>) =>
	decodeCallHead(xml("call", NS.rpc, { fn: "a.b", v: "1.0.0", ttl: "1", enc: "json", ...changes }));

function refusal(action: () => unknown): BusError {
	try {
		action();
	} catch (error) {
		expect(error).toBeInstanceOf(BusError);
		return error as BusError;
	}
	return expect.fail("nothing was refused");
}

describe("a call", () => {
	it.each(ENCODINGS)("arrives as it was sent, in %s", (encoding) => {
		const full = { ...call, encoding, traceparent: TRACEPARENT, tracestate: "vendor=a b,c=d" };
		const element = parseElement(serialize(encodeCall(full), ""));
		const { input, ...rest } = full;
		expect(decodeCallHead(element)).toEqual(rest);
		expect(decodeBody(element, encoding)).toEqual(input);
	});

	it("may come without version, input and trace", () => {
		const element = encodeCall({ ...call, version: undefined, input: undefined });
		expect(element.attributes).toEqual(["fn", "dictionary.define", "ttl", "500", "enc", "json"]);
		expect(decodeCallHead(element)).toEqual({ fn: call.fn, version: undefined, ttlMs: 500, encoding: "json" });
		expect(decodeBody(element, "json")).toBeUndefined();
	});

	it("states what is left of its deadline in whole milliseconds, from none to a day", () => {
		const ttl = (ttlMs: number) => encodeCall({ ...call, ttlMs }).attr("ttl");
		expect(ttl(499.9)).toBe("499");
		expect(ttl(0.5)).toBe("0");
		expect(ttl(-1)).toBe("0");
		expect(ttl(Number.NaN)).toBe("0");
		expect(ttl(Number.POSITIVE_INFINITY)).toBe("86400000");
		expect(head({ ttl: "86400000" }).ttlMs).toBe(86_400_000);
	});

	it("does not leave with a name or version that would be refused on arrival", () => {
		for (const fn of ["", "define", "a b.c", "a.\0"]) {
			expect(refusal(() => encodeCall({ ...call, fn })).code).toBe("invalid-argument");
		}
		expect(refusal(() => encodeCall({ ...call, version: "1" })).code).toBe("invalid-argument");
		expect(refusal(() => encodeCall({ ...call, input: Number.NaN })).code).toBe("invalid-argument");
	});

	it.each([
		["no fn", { fn: undefined }, "fn must be service.function, such as dictionary.define"],
		["an fn without a dot", { fn: "define" }, "fn must be service.function, such as dictionary.define"],
		["an fn with an empty name", { fn: "a." }, "fn must be service.function, such as dictionary.define"],
		["an fn in upper case", { fn: "A.b" }, "fn must be service.function, such as dictionary.define"],
		["an fn of other characters", { fn: "a.b\n" }, "fn must be service.function, such as dictionary.define"],
		["an endless fn", { fn: `a.${"b".repeat(256)}` }, "fn must be service.function, such as dictionary.define"],
		["a version of two numbers", { v: "1.0" }, "v must be a version such as 1.0.0"],
		["a version with more than numbers", { v: "1.0.0-beta" }, "v must be a version such as 1.0.0"],
		["an endless version", { v: `1.0.${"1".repeat(200)}` }, "v must be a version such as 1.0.0"],
		["no ttl", { ttl: undefined }, "ttl must be milliseconds, 0 to 86400000"],
		["an empty ttl", { ttl: "" }, "ttl must be milliseconds, 0 to 86400000"],
		["a negative ttl", { ttl: "-1" }, "ttl must be milliseconds, 0 to 86400000"],
		["a ttl with a point", { ttl: "0.5" }, "ttl must be milliseconds, 0 to 86400000"],
		["a ttl of more than a day", { ttl: "86400001" }, "ttl must be milliseconds, 0 to 86400000"],
		["a ttl in other digits", { ttl: "٣" }, "ttl must be milliseconds, 0 to 86400000"],
		["no enc", { enc: undefined }, "enc must be one of msgpack, json, and is missing"],
		["an unknown enc", { enc: "cbor" }, "enc must be one of msgpack, json"],
		["an enc of the wrong case", { enc: "JSON" }, "enc must be one of msgpack, json"],
		["an enc that objects have", { enc: "constructor" }, "enc must be one of msgpack, json"],
	])("with %s is an invalid argument, and is told what to do", (_, changes, message) => {
		expect(refusal(() => head(changes))).toMatchObject({ code: "invalid-argument", executed: "no", message });
	});

	it("may carry attributes that are not known yet", () => {
		expect(head({ "{urn:x}later": "1", priority: "9" })).toEqual({
			fn: "a.b",
			version: "1.0.0",
			ttlMs: 1,
			encoding: "json",
		});
	});

	it("loses a malformed trace, and is not refused for it", () => {
		expect(head({ traceparent: "nonsense", tracestate: "a=b" })).not.toHaveProperty("traceparent");
		expect(head({ tracestate: "a=b" })).not.toHaveProperty("tracestate");
		expect(head({ traceparent: TRACEPARENT, tracestate: "ä" })).toMatchObject({ traceparent: TRACEPARENT });
		expect(head({ traceparent: TRACEPARENT, tracestate: "x".repeat(513) })).not.toHaveProperty("tracestate");
		expect(encodeCall({ ...call, traceparent: "a\0b" }).attr("traceparent")).toBeUndefined();
	});

	it("is refused when there are elements where its input should be", () => {
		const element = xml("call", NS.rpc, {}, "1", xml("a", NS.rpc), "2");
		expect(refusal(() => decodeBody(element, "json"))).toMatchObject({
			code: "invalid-argument",
			message: "<call/> must hold text only",
		});
	});
});

describe("a reply", () => {
	it.each(ENCODINGS)("brings the output in %s", (encoding) => {
		for (const output of [undefined, null, 0, "", { text: "An open standard" }]) {
			expect(decodeReply(parseElement(serialize(encodeReply(encoding, output), "")))).toEqual(output);
		}
	});

	it("that is none is the code protocol: whether the call ran is unknown", () => {
		for (const payload of [
			undefined,
			xml("query", "jabber:iq:version"),
			xml("reply", "urn:antiphon:rpc:2", { enc: "json" }, "1"),
			xml("call", NS.rpc, { enc: "json" }, "1"),
			xml("reply", NS.rpc, {}, "1"),
			xml("reply", NS.rpc, { enc: "cbor" }, "1"),
			xml("reply", NS.rpc, { enc: "json" }, "{"),
			xml("reply", NS.rpc, { enc: "msgpack" }, "wQ=="),
			xml("reply", NS.rpc, { enc: "json" }, xml("a", NS.rpc)),
		]) {
			expect(refusal(() => decodeReply(payload))).toMatchObject({ code: "protocol", executed: "unknown" });
		}
	});
});
