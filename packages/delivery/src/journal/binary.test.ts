import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endOf, hashKey, NUMBER_LENGTH, numberIn, numberKey } from "./binary.js";

const number = fc.oneof(fc.maxSafeNat(), fc.nat(300), fc.constantFrom(2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER));
/** Few characters, and those at the end of the alphabet, so that prefixes meet. */
const key = fc
	.array(fc.constantFrom("\0", "a", "b", "\xfe", "\xff"), { minLength: 1, maxLength: 4 })
	.map((characters) => characters.join(""));

describe("keys", () => {
	it("of numbers are in the order of the numbers, and give them back", () => {
		fc.assert(
			fc.property(number, number, (one, other) => {
				expect(numberKey(one)).toHaveLength(NUMBER_LENGTH);
				expect(numberIn(`d${numberKey(one)}${numberKey(other)}`, 1 + NUMBER_LENGTH)).toBe(other);
				expect(numberKey(one) < numberKey(other)).toBe(one < other);
			}),
		);
	});

	it.each([-1, 0.5, Number.NaN, 2 ** 53, Infinity])("cannot be made of %d", (value) => {
		expect(() => numberKey(value)).toThrow(RangeError);
	});

	it("that are too short have no number", () => {
		expect(() => numberIn("c123", 1)).toThrow(RangeError);
		expect(() => numberIn(`c${"\xff".repeat(NUMBER_LENGTH)}`, 1)).toThrow(RangeError);
	});

	it("of texts tell apart where one text ends and the next begins", () => {
		expect(hashKey("caller@example.org", "id")).toHaveLength(16);
		expect(hashKey("ab", "c")).not.toBe(hashKey("a", "bc"));
		expect(hashKey("a", "")).not.toBe(hashKey("a"));
		expect(hashKey("1:a")).not.toBe(hashKey("", "1:a"));
		expect(hashKey("a", "b")).toBe(hashKey("a", "b"));
		// As it stands in journals: the first half of the SHA-256 of 1:a2:éb in UTF-8.
		expect(Buffer.from(hashKey("a", "éb"), "latin1").toString("hex")).toBe("3f80c9f3cbd0f98d01640a670eda2594");
	});

	it("with a prefix are those from it to its end", () => {
		fc.assert(
			fc.property(key, key, (prefix, other) => {
				fc.pre(!/^\xff+$/.test(prefix));
				expect(other >= prefix && other < endOf(prefix)).toBe(other.startsWith(prefix));
			}),
		);
		expect(() => endOf("\xff\xff")).toThrow(RangeError);
	});
});
