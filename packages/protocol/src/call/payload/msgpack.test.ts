import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "../../limits.js";
import { decodeMsgpack, encodeMsgpack } from "./msgpack.js";

const refused = (message: string) =>
	expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(message) });
const base64 = (...parts: (string | Uint8Array)[]) =>
	Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "hex") : part))).toString("base64");
const decodeHex = (hex: string) => decodeMsgpack(base64(hex));
const encodeHex = (value: unknown) => Buffer.from(encodeMsgpack(value), "base64").toString("hex");

describe("msgpack", () => {
	it.each([
		["nil", null, "c0"],
		["false", false, "c2"],
		["true", true, "c3"],
		["a positive fixint", 127, "7f"],
		["a negative fixint", -32, "e0"],
		["uint 8", 255, "ccff"],
		["uint 16", 65535, "cdffff"],
		["uint 32", 4294967295, "ceffffffff"],
		["int 8", -128, "d080"],
		["int 16", -32768, "d18000"],
		["int 32", -2147483648, "d280000000"],
		["an integer beyond 32 bits as float 64", 4294967296, "cb41f0000000000000"],
		["float 64", 0.5, "cb3fe0000000000000"],
		["fixstr", "xmpp", "a4786d7070"],
		["str 8", "é".repeat(16), `d920${"c3a9".repeat(16)}`],
		["fixarray", [1, [2]], "92019102"],
		["fixmap", { word: "xmpp" }, "81a4776f7264a4786d7070"],
		["bin 8", new Uint8Array([1, 2, 3]), "c403010203"],
		["a field that is absent", { a: undefined, b: 1 }, "81a16201"],
		[
			"keys that mean something in JavaScript",
			{ constructor: 1, toJSON: 2 },
			"82ab636f6e7374727563746f7201a6746f4a534f4e02",
		],
	])("writes %s in the smallest form", (_, value, hex) => {
		expect(encodeHex(value)).toBe(hex);
		expect(decodeHex(hex)).toStrictEqual(JSON.parse(JSON.stringify(value), reviveBytes(value)));
	});

	it.each([
		["uint 8 for a small number", "cc05", 5],
		["uint 64", "cf0000000000000005", 5],
		["the largest uint 64 that fits", "cf001fffffffffffff", Number.MAX_SAFE_INTEGER],
		["int 64", "d3fffffffffffffffb", -5],
		["the smallest int 64 that fits", "d3ffe0000000000001", Number.MIN_SAFE_INTEGER],
		["float 32", "ca3fc00000", 1.5],
		["float 32 at full precision", "ca3dcccccd", Math.fround(0.1)],
		["negative zero", "cb8000000000000000", 0],
		["str 8, 16 and 32 for a short string", "93d90161da000162db0000000163", ["a", "b", "c"]],
		["array 16 and 32", "dc0001dd0000000101", [[1]]],
		["map 16 and 32", "de0001a161df00000001a16201", { a: { b: 1 } }],
		["a key as str 8", "81d9016101", { a: 1 }],
		["bin 16 and 32", "92c5000101c60000000102", [new Uint8Array([1]), new Uint8Array([2])]],
		["an empty key", "81a001", { "": 1 }],
		["U+FFFD itself", "a3efbfbd", "\ufffd"],
		["U+FFFE, which JSON has to escape", "a3efbfbe", "\ufffe"],
	])("reads %s", (_, hex, value) => {
		const decoded = decodeHex(hex);
		expect(decoded).toStrictEqual(value);
		expect(Object.is(decoded, -0)).toBe(false);
	});

	it.each([
		["a string cut short", "a378", "it ends too early"],
		["a float cut short", "cb3fe00000", "it ends too early"],
		["an int 64 cut short", "d3ffff", "it ends too early"],
		["a length cut short", "db0000", "it ends too early"],
		["an array cut short", "9201", "it ends too early"],
		["a map cut short", "81a161", "it ends too early"],
		["a string of 4 GiB", "dbffffffff", "it ends too early"],
		["bytes of 4 GiB", "c6ffffffff00", "it ends too early"],
		["an array of 4 thousand million", "ddffffffff00", "it ends too early"],
		["a map of 4 thousand million", "dfffffffff00", "it ends too early"],
		["a huge count inside a huge count", `${"dd00ffffff".repeat(20)}`, "it ends too early"],
		["bytes behind the end", "0101", "there are bytes behind its end"],
		["the byte that is never used", "c1", "it holds an extension"],
		["fixext 1 as used for undefined", "d40000", "it holds an extension"],
		["a timestamp", "d6ff00000000", "it holds an extension"],
		["a timestamp of 64 bits", "d7ff0000000000000000", "it holds an extension"],
		["a timestamp of 96 bits", "c70cff000000000000000000000000", "it holds an extension"],
		["an Error as msgpackr writes it", "c7016593a1", "it holds an extension"],
		["a record definition", "d4724091a16101", "it holds an extension"],
		["a record definition of two bytes", "d572400091a16101", "it holds an extension"],
		["a bundle of strings", "d6620000000000", "it holds an extension"],
		["a reference", "d6700000000000", "it holds an extension"],
		["an extension inside", "8191a161d40000", "a key is not a string"],
		["a uint 64 beyond 2^53", "cf0020000000000000", "beyond 2^53"],
		["the largest uint 64", "cfffffffffffffffff", "beyond 2^53"],
		["an int 64 below -2^53", "d3ffe0000000000000", "beyond 2^53"],
		["NaN", "cb7ff8000000000000", "NaN is not a finite number"],
		["Infinity", "cb7ff0000000000000", "Infinity is not a finite number"],
		["minus Infinity", "cbfff0000000000000", "-Infinity is not a finite number"],
		["NaN in 32 bits", "ca7fc00000", "NaN is not a finite number"],
		["Infinity in 32 bits", "ca7f800000", "Infinity is not a finite number"],
		["an integer as a key", "810102", "a key is not a string"],
		["nil as a key", "81c002", "a key is not a string"],
		["bytes as a key", "81c4016102", "a key is not a string"],
		["an array as a key", "819002", "a key is not a string"],
		["one key twice", "82a16101a16102", "one key twice"],
		["one key twice in two forms", "82a16101d9016102", "one key twice"],
		["the key __proto__", "81a95f5f70726f746f5f5f80", "__proto__ is reserved"],
		["the key __proto__ as str 8", "81d9095f5f70726f746f5f5f80", "__proto__ is reserved"],
		["a lone continuation byte", "a180", "is not UTF-8"],
		["overlong UTF-8", "a2c0af", "is not UTF-8"],
		["half a surrogate pair in UTF-8", "a3eda080", "is not UTF-8"],
		["a character beyond Unicode", "a4f4908080", "is not UTF-8"],
		["a character cut in the middle", "a2e282", "is not UTF-8"],
		["a key that is not UTF-8", "81a1ff01", "is not UTF-8"],
		["a long string that is not UTF-8", `d940${"61".repeat(63)}ff`, "is not UTF-8"],
	])("refuses %s", (_, hex, message) => {
		expect(() => decodeHex(hex)).toThrow(refused(message));
	});

	it.each([
		["white space", "gaR3 b3Jk"],
		["a newline at the end", "wA==\n"],
		["no padding", "wA"],
		["too much padding", "wA==="],
		["padding in the middle", "wA==wA=="],
		["bits behind the last byte", "wB=="],
		["the alphabet for URLs", "__8="],
		["other characters", "wÄ=="],
		["nothing but padding", "===="],
	])("refuses base64 with %s", (_, text) => {
		expect(() => decodeMsgpack(text)).toThrow(refused("not base64"));
	});

	it("gives bytes as a plain Uint8Array of their own, that shares no buffer with anything", () => {
		const sent = Buffer.from("some bytes");
		const { a, b } = decodeMsgpack(encodeMsgpack({ a: sent, b: new Uint8Array(0) })) as Record<string, Uint8Array>;
		expect(a).toStrictEqual(new Uint8Array(sent));
		expect(Object.getPrototypeOf(a)).toBe(Uint8Array.prototype);
		expect(a?.buffer.byteLength).toBe(sent.length);
		expect(b?.buffer.byteLength).toBe(0);
	});

	it("keeps a byte order mark, which decoders of text like to drop", () => {
		for (const length of [1, 10, 100, 100_000]) {
			const text = `\ufeff${"é".repeat(length)}`;
			const written = encodeMsgpack(text);
			for (let i = 0; i < 3; i++) expect(decodeMsgpack(written) === text).toBe(true);
		}
	});

	it("goes as deep as the limit and no deeper (CVE-2023-52079: without end in msgpackr)", () => {
		for (const open of ["91", "81a161", "dd00000001", "df00000001a161"]) {
			expect(() => decodeHex(`${open.repeat(MAX_PAYLOAD_DEPTH)}c0`)).not.toThrow();
			expect(() => decodeHex(`${open.repeat(MAX_PAYLOAD_DEPTH + 1)}c0`)).toThrow(refused("nested deeper than 64"));
			expect(() => decodeHex(`${open.repeat(10_000)}c0`)).toThrow(refused("nested deeper than 64"));
		}
	});

	it("holds as many values and keys as the limit and no more", () => {
		const list = (items: number, ...item: number[]) => {
			const head = Buffer.from([0xdd, 0, 0, 0, 0]);
			head.writeUInt32BE(items, 1);
			return base64(head, Buffer.alloc(items * item.length, Buffer.from(item)));
		};
		expect(decodeMsgpack(list(MAX_PAYLOAD_ITEMS - 1, 0xc0))).toHaveLength(MAX_PAYLOAD_ITEMS - 1);
		for (const item of [0xc0, 0x90, 0x80, 0xa0]) {
			expect(() => decodeMsgpack(list(MAX_PAYLOAD_ITEMS, item))).toThrow(refused("more than 1000000 values"));
		}
		expect(() => decodeMsgpack(list(400_000, 0x81, 0xa0, 0xc0))).toThrow(refused("more than 1000000 values"));
	});

	it("does not keep a large buffer after a large payload", async () => {
		setFlagsFromString("--expose-gc");
		const collect = runInNewContext("gc") as () => void;
		encodeMsgpack("x");
		collect();
		const before = process.memoryUsage().arrayBuffers;
		encodeMsgpack("é".repeat(4_000_000));
		// What is garbage may be given back a little later.
		const kept = () => {
			collect();
			return process.memoryUsage().arrayBuffers - before;
		};
		await expect.poll(kept, { timeout: 5_000 }).toBeLessThan(1_000_000);
		expect(encodeMsgpack("x")).toBe("oXg=");
	});
});

/** JSON has no bytes; a test's expectation may. */
function reviveBytes(original: unknown): (key: string, value: unknown) => unknown {
	return (key, value) => (key === "" && original instanceof Uint8Array ? original : value);
}
