import { describe, expect, it } from "vitest";
import { MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "../../limits.js";
import { decodeJson, encodeJson } from "./json.js";

const refused = (message: string) =>
	expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(message) });

describe("JSON", () => {
	it("is plain JSON, with what XML cannot carry escaped", () => {
		expect(encodeJson({ word: "xmpp", n: [1, 2.5, null, true] })).toBe('{"word":"xmpp","n":[1,2.5,null,true]}');
		expect(encodeJson("\0\x1f\ufffe\uffff\u2028é😀")).toBe('"\\u0000\\u001f\\ufffe\\uffff\u2028é😀"');
		expect(decodeJson(encodeJson("\ufffe\uffff"))).toBe("\ufffe\uffff");
	});

	it("may have white space around and inside", () => {
		expect(decodeJson(' \n\t{ "a" : [ 1 , 2 ] } \r\n')).toEqual({ a: [1, 2] });
	});

	it.each([
		["nothing but space", " ", "not JSON"],
		["a word", "word", "not JSON"],
		["NaN", "[NaN]", "not JSON"],
		["single quotes", "{'a':1}", "not JSON"],
		["a comma too many", "[1,]", "not JSON"],
		["two values", "1 2", "not JSON"],
		["an open string", '"abc', "not JSON"],
		["an open string that ends in a backslash", '"abc\\', "not JSON"],
		["a control character in a string", '"\u0001"', "not JSON"],
		["a bracket too many", "[]]", "not JSON"],
		["an invalid escape", '"\\x41"', "not JSON"],
		["a byte order mark", "\ufeff1", "not JSON"],
		["a comment", "1 // one", "not JSON"],
		["a number beyond a double", "[1e999]", "is not a finite number"],
		["half a surrogate pair", '["\\ud800"]', "half of a surrogate pair"],
		["half a surrogate pair in a key", '{"\\ud800":1}', "half of a surrogate pair"],
		["one key twice", '{"a":1,"a":2}', "one key twice"],
		["one key twice, spelt in two ways", '{"a":1,"\\u0061":2}', "one key twice"],
		["one key twice, deep inside", '[{"x":[{"a":1,"b":2,"a":3}]}]', "one key twice"],
		["the key __proto__", '{"__proto__":{"admin":true}}', "the key is reserved"],
		["an integer that a double would round", "[9007199254740993]", "beyond 2^53"],
		["a negative integer that a double would round", "-9007199254740993", "beyond 2^53"],
		["an integer of 400 digits", "1".repeat(400), "beyond 2^53"],
		["the integer after 2^64", '{"id":18446744073709551617}', "beyond 2^53"],
	])("refuses %s", (_, text, message) => {
		expect(() => decodeJson(text)).toThrow(refused(message));
	});

	it("takes every number that JSON.stringify writes, and fractions of any length", () => {
		for (const number of [
			2 ** 53,
			2 ** 63,
			2 ** 64,
			1e20,
			123456789012345680000,
			1e21,
			-1e20,
			5e-324,
			1.7976931348623157e308,
			0.1 + 0.2,
		]) {
			expect(decodeJson(JSON.stringify(number))).toBe(number);
		}
		expect(decodeJson("3.14159265358979323846264338327950288")).toBe(Math.PI);
		expect(decodeJson("12345678901234567890e-3")).toBe(Number("12345678901234567890e-3"));
		expect(decodeJson("1e-00000000000000000002")).toBe(0.01);
		expect(decodeJson('"12345678901234567890"')).toBe("12345678901234567890");
		expect(decodeJson("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
		expect(Object.is(decodeJson("-0"), 0)).toBe(true);
	});

	it("does not mistake what stands in a string for structure", () => {
		for (const text of ['"{[:,"', '"\\"[[["', '"\\\\"', '"\\\\\\""', '["\\\\","]"]', '{"a:b":"c:d"}', '{"\\"":":"}']) {
			expect(decodeJson(text)).toEqual(JSON.parse(text));
		}
	});

	it("goes as deep as the limit and no deeper", () => {
		const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
		expect(() => decodeJson(deep(MAX_PAYLOAD_DEPTH))).not.toThrow();
		expect(() => decodeJson(deep(MAX_PAYLOAD_DEPTH + 1))).toThrow(refused("nested deeper than 64"));
		expect(() => decodeJson(deep(10_000))).toThrow(refused("nested deeper than 64"));
		expect(() => decodeJson('{"a":'.repeat(10_000))).toThrow(refused("nested deeper than 64"));
	});

	it("holds as many values and keys as the limit and no more, by the count of the encoder", () => {
		const list = (items: number, item: string) => `[${new Array(items).fill(item).join(",")}]`;
		expect(decodeJson(list(MAX_PAYLOAD_ITEMS - 1, "0"))).toHaveLength(MAX_PAYLOAD_ITEMS - 1);
		expect(decodeJson(list(MAX_PAYLOAD_ITEMS - 1, "[ ]"))).toHaveLength(MAX_PAYLOAD_ITEMS - 1);
		for (const item of ["0", "[]", "{}", '""']) {
			expect(() => decodeJson(list(MAX_PAYLOAD_ITEMS, item))).toThrow(refused("more than 1000000 values"));
		}
		expect(() => decodeJson(list(400_000, '{"a":0}'))).toThrow(refused("more than 1000000 values"));
	});

	it.each([
		["one endless string", `"${"a".repeat(16e6)}"`],
		["backslashes without end", `"${"\\".repeat(16e6)}`],
		["escaped quotes without end", `"${'\\"'.repeat(8e6)}`],
		["lone quotes without end", '"'.repeat(16e6)],
		["backslash, backslash, quote, over and over", '\\\\"'.repeat(5e6)],
		["colons without end", ":".repeat(16e6)],
		["closing brackets without end", "]".repeat(16e6)],
		["space without end", " ".repeat(16e6)],
		["one number of 16 million digits", "1".repeat(16e6)],
		["numbers of 16 digits without end", "1234567890123456,".repeat(900_000)],
	])(
		"is through with %s in linear time, by value or BusError",
		(_, text) => {
			let outcome: unknown;
			try {
				outcome = decodeJson(text);
			} catch (error) {
				expect(error).toMatchObject({ code: "invalid-argument" });
				return;
			}
			expect(outcome).toBe(text.slice(1, -1));
		},
		10_000,
	);

	// What V8 makes of a key depends on the keys that it has seen before (json-keys.ts).
	it("keeps keys with escapes apart from those of earlier texts", () => {
		const earlier = ["\\", "\\\\", "a\\", "\ue000\\", "\ufffd\\", "\\n"];
		const later = ['"', "\n", "\0", 'a"', "a\t", "\ue000", '\ue000"', "\ue000\ue000", "\ufffd\r", '"n', "\n\\"];
		let n = 0;
		for (const one of earlier) {
			for (const key of later) {
				// A first key of its own, because V8 guesses only where one key alone has followed.
				const first = `first${n++}`;
				decodeJson(JSON.stringify([{ [first]: 0, [one]: 1 }]));
				const value = [{ [first]: 0, [key]: 2 }];
				expect(decodeJson(JSON.stringify(value))).toEqual(value);
				const deeper = { a: { [key]: [{ [key]: null }, key] }, [`${key}b`]: `"${key}":` };
				expect(decodeJson(JSON.stringify(deeper))).toEqual(deeper);
			}
		}
		expect(decodeJson('{ "\\u0061" : 1, "\\n"\n:\t[{"\\/":null}] , "b": "\\":" }')).toEqual({
			a: 1,
			"\n": [{ "/": null }],
			b: '":',
		});
	});

	it.each([
		["one key twice, each with another escape", '{"\\n":1,"\\u000a":2}', "one key twice"],
		["the key __proto__, with an escape", '{"\\u005f_proto__":{"admin":true}}', "the key is reserved"],
		["half a surrogate pair beside an escape", '{"\\n\\ud800":1}', "half of a surrogate pair"],
		["an invalid escape in a key", '{"\\n\\x41":1}', "not JSON"],
		["an open key with an escape", '{"a":1,"\\n', "not JSON"],
		["a control character beside an escape", '{"\\n\u0001":1}', "not JSON"],
	])("refuses %s", (_, text, message) => {
		expect(() => decodeJson(text)).toThrow(refused(message));
	});
});
