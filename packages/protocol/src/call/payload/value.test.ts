import { deepStrictEqual } from "node:assert";
import { describe, expect, it } from "vitest";
import { BusError } from "../../errors.js";
import { MAX_PAYLOAD_CHARS, MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "../../limits.js";
import { plainValue } from "./value.js";

const copy = (value: unknown, bytes: "allow" | "refuse" = "allow") => plainValue(value, bytes).value;
const nested = (levels: number) => {
	let value: unknown[] = [];
	for (let i = 1; i < levels; i++) value = [value];
	return value;
};
const refused = (message: string | RegExp) =>
	expect.objectContaining({ code: "invalid-argument", executed: "no", message: expect.stringMatching(message) });

describe("plainValue", () => {
	it("copies the values of JSON, and counts the keys", () => {
		const value = { a: [1, -1.5, 1e300, "x", "", true, false, null, {}], b: { c: { d: [] } } };
		const plain = plainValue(value, "refuse");
		expect(plain.value).toStrictEqual(value);
		expect(plain.value).not.toBe(value);
		expect(plain.keys).toBe(4);
	});

	it("leaves an absent optional field out", () => {
		expect(copy({ a: undefined, b: 1 })).toStrictEqual({ b: 1 });
		expect(plainValue({ a: undefined }, "refuse").keys).toBe(0);
	});

	it("makes zero of negative zero", () => {
		expect(Object.is(copy(-0), 0)).toBe(true);
	});

	it("takes own enumerable string keys and array elements, and ignores what else an object can hold", () => {
		const object = { a: 1, [Symbol("s")]: 2 };
		Object.defineProperty(object, "hidden", { value: 3 });
		Object.defineProperty(object, "toJSON", { value: () => "something else" });
		expect(copy(object)).toStrictEqual({ a: 1 });
		expect(copy(Object.assign([1, 2], { extra: 3, toJSON: () => "something else" }))).toStrictEqual([1, 2]);
		expect(copy(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
		class List extends Array {}
		expect(copy(List.from([1, 2]))).toStrictEqual([1, 2]);
	});

	it("carries keys that mean something to objects in JavaScript", () => {
		const value = JSON.parse(
			'{"constructor":{"name":"x"},"toJSON":"y","hasOwnProperty":1,"toString":[],"length":-1,"":0}',
		);
		// toStrictEqual would ask for the constructor.
		deepStrictEqual(copy(value), value);
	});

	it("reads a getter and a Proxy once, so that what was checked is what is sent", () => {
		let reads = 0;
		const value = {
			get a() {
				reads++;
				return reads === 1 ? "fine" : Number.NaN;
			},
		};
		expect(copy(value)).toStrictEqual({ a: "fine" });
		expect(reads).toBe(1);
		expect(copy(new Proxy({ a: [1] }, {}))).toStrictEqual({ a: [1] });
		expect(copy(new Proxy([1], {}))).toStrictEqual([1]);
	});

	it("takes bytes in any Uint8Array, where they are allowed, as a plain one without a copy", () => {
		class Special extends Uint8Array {}
		for (const bytes of [
			new Uint8Array([1, 2]),
			Buffer.from([1, 2]),
			Special.of(1, 2),
			new Uint8Array(4).subarray(1, 3).fill(1),
		]) {
			const plain = copy({ bytes }) as { bytes: Uint8Array };
			expect(Object.getPrototypeOf(plain.bytes)).toBe(Uint8Array.prototype);
			expect([...plain.bytes]).toEqual([...bytes]);
			expect(plain.bytes.buffer).toBe(bytes.buffer);
			expect(() => copy({ a: [bytes] }, "refuse")).toThrow(refused(/^payload\.a\[0\]: bytes cannot be sent as JSON/));
		}
	});

	const cyclic: unknown[] = [];
	cyclic.push(cyclic);
	it.each([
		["undefined", undefined, "a value of type undefined cannot be sent"],
		["undefined in an array", { a: [1, undefined] }, "payload.a[1]: a value of type undefined cannot be sent"],
		[
			"a hole in an array",
			{ a: Object.assign(new Array(3), { 0: 1, 2: 3 }) },
			"payload.a[1]: a value of type undefined cannot be sent",
		],
		["an array of four thousand million holes", new Array(4_294_967_295), "payload[0]: a value of type undefined"],
		["NaN", { a: Number.NaN }, "payload.a: NaN is not a finite number"],
		["Infinity", [Number.POSITIVE_INFINITY], "payload[0]: Infinity is not a finite number"],
		["minus Infinity", [Number.NEGATIVE_INFINITY], "payload[0]: -Infinity is not a finite number"],
		["a bigint", { a: 1n }, "payload.a: a value of type bigint cannot be sent; send it as a string"],
		["a function", { a: () => 1 }, "payload.a: a value of type function cannot be sent"],
		["an own toJSON function", { toJSON: () => 1 }, "payload.toJSON: a value of type function cannot be sent"],
		["a symbol", [Symbol("x")], "payload[0]: a value of type symbol cannot be sent"],
		["a Date", { at: new Date(0) }, "payload.at: an instance of Date cannot be sent; make it a plain object"],
		["a Map", new Map([[1, 2]]), "payload: an instance of Map cannot be sent"],
		["a Set", new Set([1]), "payload: an instance of Set cannot be sent"],
		["an Error", new Error("x"), "payload: an instance of Error cannot be sent"],
		["a RegExp", /x/, "payload: an instance of RegExp cannot be sent"],
		["a boxed number", Object(1), "payload: an instance of Number cannot be sent"],
		["a boxed string", Object("x"), "payload: an instance of String cannot be sent"],
		["a Promise", Promise.resolve(1), "payload: an instance of Promise cannot be sent"],
		["a Float32Array", new Float32Array(1), "payload: an instance of Float32Array cannot be sent"],
		["a Uint8ClampedArray", new Uint8ClampedArray(1), "payload: an instance of Uint8ClampedArray cannot be sent"],
		["a DataView", new DataView(new ArrayBuffer(1)), "payload: an instance of DataView cannot be sent"],
		["an ArrayBuffer", new ArrayBuffer(1), "payload: an instance of ArrayBuffer cannot be sent"],
		["a Proxy of bytes", new Proxy(new Uint8Array(1), {}), "payload: an instance of Uint8Array cannot be sent"],
		["an object of an object", Object.create({ a: 1 }), "payload: an instance of Object cannot be sent"],
		[
			"an object of an object without prototype",
			Object.create(Object.create(null)),
			"payload: a class instance cannot",
		],
		["half a surrogate pair", ["\ud800"], "payload[0]: a string holds half of a surrogate pair"],
		["half a surrogate pair in a key", { "\udc00": 1 }, "payload.\ufffd: the key holds half of a surrogate pair"],
		["an own key __proto__", JSON.parse('{"a":{"__proto__":1}}'), "payload.a.__proto__: the key is reserved"],
		["a value that holds itself", cyclic, "it is nested deeper than 64 levels, or holds itself"],
	])("refuses %s, and says where it is", (_, value, message) => {
		expect(() => copy(value)).toThrow(
			expect.objectContaining({ code: "invalid-argument", message: expect.stringContaining(message) }),
		);
	});

	it("goes as deep as the limit and no deeper, not counting what holds nothing", () => {
		expect(copy(nested(MAX_PAYLOAD_DEPTH))).toStrictEqual(nested(MAX_PAYLOAD_DEPTH));
		expect(() => copy(nested(MAX_PAYLOAD_DEPTH + 1))).toThrow(refused(/nested deeper than 64/));
		expect(() => copy(nested(100_000))).toThrow(refused(/nested deeper than 64/));
		let value: unknown = new Uint8Array(1);
		for (let i = 0; i < MAX_PAYLOAD_DEPTH; i++) value = { value };
		expect(() => copy(value)).not.toThrow();
	});

	it("holds as many values and keys as the limit and no more", () => {
		expect(copy(new Array(MAX_PAYLOAD_ITEMS - 1).fill(0))).toHaveLength(MAX_PAYLOAD_ITEMS - 1);
		expect(() => copy(new Array(MAX_PAYLOAD_ITEMS).fill(0))).toThrow(refused(/more than 1000000 values/));
	});

	it("ends soon on a value that holds one and the same thing again and again", () => {
		let value: unknown = "leaf";
		for (let i = 0; i < 60; i++) value = [value, value];
		expect(() => copy(value)).toThrow(refused(/more than 1000000 values/));
	});

	it("counts characters and bytes, however often one string is used", () => {
		const megabyte = "x".repeat(1024 * 1024);
		const tooLarge = expect.objectContaining({ code: "too-large", executed: "no" });
		expect(() => copy(new Array(MAX_PAYLOAD_CHARS / megabyte.length).fill(megabyte))).not.toThrow();
		expect(() => copy(new Array(1000).fill(megabyte))).toThrow(tooLarge);
		expect(() => copy(new Array(1000).fill(Buffer.alloc(megabyte.length)))).toThrow(tooLarge);
	});

	it("cuts an endless path short in its message", () => {
		const deep = { ["k".repeat(10_000)]: { ["\u{1f600}".repeat(100)]: Number.NaN } };
		try {
			copy(deep);
			expect.fail("it was not refused");
		} catch (error) {
			expect(error).toBeInstanceOf(BusError);
			expect((error as BusError).message.length).toBeLessThan(300);
			expect((error as BusError).message.isWellFormed()).toBe(true);
		}
	});
});
