import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OrderedKeys } from "./ordered-keys.js";

/** Beyond several chunks, added in an order of their own. */
const many = Array.from({ length: 1_500 }, (_, i) => String((i * 7_919) % 10_007).padStart(5, "0"));
const key = fc.nat(10_007).map((number) => String(number).padStart(5, "0"));

describe("keys in order", () => {
	it("are those of a sorted list, whatever is added and deleted", () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.boolean(), key)), key, key, fc.nat(2_000), (changes, from, to, limit) => {
				const keys = new OrderedKeys();
				const model = new Set(many);
				for (const each of many) keys.add(each);
				for (const [isAdded, each] of changes) {
					if (isAdded) keys.add(each);
					else keys.delete(each);
					if (isAdded) model.add(each);
					else model.delete(each);
				}
				const within = [...model].filter((each) => each >= from && each < to).sort();
				expect(keys.range(from, to, limit)).toEqual(within.slice(0, limit));
				expect(keys.count(from, to)).toBe(within.length);
			}),
			{ numRuns: 10 },
		);
	});

	it("are found where many beside each other have been deleted, and when all have been", () => {
		const keys = new OrderedKeys();
		for (const each of many) keys.add(each);
		const sorted = [...many].sort();
		for (const each of sorted.splice(200, 1_000)) keys.delete(each);
		expect(keys.range("", "\xff", 9_999)).toEqual(sorted);
		for (const each of sorted) expect(keys.count(each, "\xff")).toBe(sorted.length - sorted.indexOf(each));
		for (const each of sorted) keys.delete(each);
		expect(keys.range("", "\xff", 9)).toEqual([]);
		keys.add("one");
		expect(keys.range("", "\xff", 9)).toEqual(["one"]);
		expect(keys.count("", "\xff")).toBe(1);
	});
});
