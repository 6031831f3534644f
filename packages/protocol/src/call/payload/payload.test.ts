import { deepStrictEqual } from "node:assert";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyCharacter } from "../../../../../test/kit/src/any-character.js";
import { BusError } from "../../errors.js";
import { MAX_PAYLOAD_CHARS } from "../../limits.js";
import { decodePayload, ENCODINGS, type Encoding, encodePayload, parseEncoding } from "./payload.js";

const text = fc.oneof(
	fc.string({ unit: anyCharacter }),
	fc.string({
		unit: fc.constantFrom("\ufeff", "\ufffd", "\ufffe", "\uffff", "\0", "\u2028", '"', "\\", "é", "😀"),
		maxLength: 80,
	}),
);
const key = fc
	.oneof(text, fc.constantFrom("constructor", "toJSON", "toString", "length", "0", "-1", ""))
	.filter((k) => k !== "__proto__");
const leaf = fc.oneof(
	fc.constant(null),
	fc.boolean(),
	text,
	fc.integer(),
	fc.maxSafeInteger(),
	fc.double({ noNaN: true, noDefaultInfinity: true }),
	fc.constantFrom(0, -0, 2 ** 32, -(2 ** 31), 2 ** 53, 2 ** 64, 5e-324, Number.MAX_VALUE),
);

/** Any value of the data model. */
const model = (leaves: fc.Arbitrary<unknown>) =>
	fc.letrec((tie) => ({
		value: fc.oneof({ maxDepth: 5, withCrossShrink: true }, leaves, tie("array"), tie("object")),
		array: fc.array(tie("value"), { maxLength: 20 }),
		object: fc.dictionary(key, tie("value"), { maxKeys: 20 }),
	})).value as fc.Arbitrary<unknown>;

const json = model(leaf);
const withBytes = model(fc.oneof(leaf, fc.uint8Array({ maxLength: 300 })));
const encoding = fc.constantFrom(...ENCODINGS);
const roundTrip = (enc: Encoding, value: unknown) => decodePayload(enc, encodePayload(enc, value));

/** What the specification says of a value, written a second time. */
function expected(value: unknown): unknown {
	if (Object.is(value, -0)) return 0;
	if (Array.isArray(value)) return value.map(expected);
	if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
	return Object.fromEntries(
		Object.entries(value)
			.filter(([, child]) => child !== undefined)
			.map(([name, child]) => [name, expected(child)]),
	);
}

function isOfModel(value: unknown, bytes: boolean, absent = false): boolean {
	switch (typeof value) {
		case "undefined":
			return absent;
		case "boolean":
			return true;
		case "number":
			return Number.isFinite(value);
		case "string":
			return value.isWellFormed();
		case "object": {
			if (value === null) return true;
			if (value instanceof Uint8Array) return bytes;
			// `every` would skip the holes.
			if (Array.isArray(value)) return Array.from(value).every((item) => isOfModel(item, bytes));
			const prototype = Object.getPrototypeOf(value);
			if (prototype !== null && prototype !== Object.prototype) return false;
			return Object.entries(value).every(
				([name, child]) =>
					child === undefined || (name !== "__proto__" && name.isWellFormed() && isOfModel(child, bytes)),
			);
		}
		default:
			return false;
	}
}

describe("a payload", () => {
	it("comes out of both encodings as it went in", () => {
		fc.assert(
			fc.property(json, (value) => {
				for (const enc of ENCODINGS) deepStrictEqual(roundTrip(enc, value), expected(value));
			}),
			{ numRuns: 2000 },
		);
	});

	it("may hold bytes in msgpack", () => {
		fc.assert(
			fc.property(withBytes, (value) => {
				deepStrictEqual(roundTrip("msgpack", value), expected(value));
			}),
			{ numRuns: 1000 },
		);
	});

	it("is text that XML can carry", () => {
		fc.assert(
			fc.property(json, encoding, (value, enc) => {
				const written = encodePayload(enc, value);
				expect(written.isWellFormed()).toBe(true);
				expect(written).not.toMatch(/[\0-\x1f\ufffe\uffff]/);
			}),
			{ numRuns: 1000 },
		);
	});

	it("is refused as an invalid argument when it is anything else, and never changed on the way", () => {
		const anything = fc.anything({
			withBigInt: true,
			withBoxedValues: true,
			withDate: true,
			withMap: true,
			withSet: true,
			withNullPrototype: true,
			withObjectString: true,
			withSparseArray: true,
			withTypedArray: true,
			withUnicodeString: true,
			maxDepth: 3,
		} as fc.ObjectConstraints);
		const seen = { sent: 0, refused: 0 };
		fc.assert(
			fc.property(anything, encoding, (value, enc) => {
				fc.pre(value !== undefined);
				if (isOfModel(value, enc === "msgpack")) {
					seen.sent++;
					deepStrictEqual(roundTrip(enc, value), expected(value));
					return;
				}
				seen.refused++;
				expect(() => encodePayload(enc, value)).toThrow(
					expect.objectContaining({ code: "invalid-argument", executed: "no" }),
				);
			}),
			{ numRuns: 5000 },
		);
		expect(seen.sent).toBeGreaterThan(500);
		expect(seen.refused).toBeGreaterThan(500);
	});

	it("is an invalid argument when reading it throws", () => {
		const revoked = Proxy.revocable({}, {});
		revoked.revoke();
		const thrower = () => {
			throw new RangeError("no");
		};
		for (const value of [
			revoked.proxy,
			[revoked.proxy],
			{
				get a() {
					return thrower();
				},
			},
			new Proxy({}, { ownKeys: thrower }),
			new Proxy({ a: 1 }, { get: thrower }),
			new Proxy([1], { get: thrower }),
			new Proxy({}, { getPrototypeOf: thrower }),
			Object.create(Object.create(Object.create({}), { constructor: { get: thrower } })),
		]) {
			for (const enc of ENCODINGS) {
				expect(() => encodePayload(enc, value)).toThrow(
					expect.objectContaining({ code: "invalid-argument", executed: "no" }),
				);
			}
		}
	});

	it("may be absent: no value is no text", () => {
		for (const enc of ENCODINGS) {
			expect(encodePayload(enc, undefined)).toBe("");
			expect(decodePayload(enc, "")).toBeUndefined();
		}
	});

	it("that is endless is too large, before anybody looks into it", () => {
		for (const enc of ENCODINGS) {
			for (const action of [
				() => decodePayload(enc, "A".repeat(MAX_PAYLOAD_CHARS + 4)),
				() => encodePayload(enc, "x".repeat(MAX_PAYLOAD_CHARS + 1)),
				// Its text is longer than it is.
				() => encodePayload(enc, "\u0001\u00e9".repeat(MAX_PAYLOAD_CHARS / 2)),
			]) {
				expect(action).toThrow(expect.objectContaining({ code: "too-large", executed: "no" }));
			}
		}
	});

	it("that can be encoded can be decoded", () => {
		const longest = { json: MAX_PAYLOAD_CHARS - 2, msgpack: (MAX_PAYLOAD_CHARS / 4) * 3 - 5 };
		for (const enc of ENCODINGS) {
			const value = "x".repeat(longest[enc]);
			expect(roundTrip(enc, value) === value).toBe(true);
			expect(() => encodePayload(enc, `${value}x`)).toThrow(expect.objectContaining({ code: "too-large" }));
		}
	});
});

describe("any text at all", () => {
	it("is a value or a BusError", () => {
		const jsonLike = fc
			.array(fc.constantFrom(...'{}[]":,0123456789.eE+- \\ux', "true", "null", '"a"', '{"a":', "\ud800", "\0"), {
				maxLength: 30,
			})
			.map((parts) => parts.join(""));
		const base64Like = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString("base64"));
		const seen = { value: 0, refused: 0 };
		fc.assert(
			fc.property(fc.oneof(fc.string({ unit: anyCharacter }), jsonLike, base64Like), encoding, (input, enc) => {
				try {
					const value = decodePayload(enc, input);
					seen.value++;
					if (value !== undefined) deepStrictEqual(roundTrip(enc, value), value);
				} catch (error) {
					if (!(error instanceof BusError)) throw error;
					expect(error.code).toBe("invalid-argument");
					seen.refused++;
				}
			}),
			{ numRuns: 20_000 },
		);
		expect(seen.value).toBeGreaterThan(500);
		expect(seen.refused).toBeGreaterThan(500);
	});
});

describe("parseEncoding", () => {
	it("knows msgpack and json, and tells what there is", () => {
		expect(parseEncoding("msgpack")).toBe("msgpack");
		expect(parseEncoding("json")).toBe("json");
		for (const enc of [undefined, "", "xml", "__proto__", "toString"]) {
			expect(() => parseEncoding(enc)).toThrow(/^enc must be one of msgpack, json/);
		}
	});
});
