import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Key, View } from "../journal/journal.js";
import { Overlay } from "./overlay.js";

/** Records in a Map, sorted for each question. */
function viewOf(records: ReadonlyMap<Key, Uint8Array>): View {
	const within = (from: Key, to: Key) => [...records.keys()].filter((key) => key >= from && key < to).sort();
	return {
		get: (key) => records.get(key),
		keys: (from, to, limit) => within(from, to).slice(0, limit),
		count: (from, to) => within(from, to).length,
	};
}

const key: fc.Arbitrary<Key> = fc.constantFrom("a", "b", "c", "ca", "cb", "d", "\xff");
const body: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 2 });

describe("what a step has written", () => {
	it("is read, in front of what is stored, as if it were stored", () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(key, body)),
				fc.array(fc.tuple(key, fc.option(body, { nil: undefined }))),
				key,
				key,
				fc.nat(8),
				(stored, written, from, to, limit) => {
					const overlay = new Overlay(viewOf(new Map(stored)));
					const model = new Map(stored);
					for (const [name, value] of written) {
						if (value === undefined) {
							overlay.delete(name);
							model.delete(name);
						} else {
							overlay.put(name, value);
							model.set(name, value);
						}
					}
					const expected = viewOf(model);
					expect(overlay.keys(from, to, limit)).toEqual(expected.keys(from, to, limit));
					expect(overlay.count(from, to)).toBe(expected.count(from, to));
					expect(overlay.get(from)).toEqual(expected.get(from));
					// And stored it comes to the same.
					const after = new Map(stored);
					for (const [name, value] of overlay.writes) {
						if (value === undefined) after.delete(name);
						else after.set(name, value);
					}
					expect(after).toEqual(model);
				},
			),
		);
	});
});
