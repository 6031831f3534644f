import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Timetable } from "./timetable.js";

const key = fc.constantFrom("a", "b", "c", "d", "e");
const time = fc.nat(20);
const change = fc.oneof(
	fc.record({ do: fc.constant("set" as const), key, at: time }),
	fc.record({ do: fc.constant("delete" as const), key }),
	fc.record({ do: fc.constant("take" as const), now: time }),
);

describe("a timetable", () => {
	it("gives what is due, the earliest first, at its last time, once", () => {
		fc.assert(
			fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
				const table = new Timetable();
				const model = new Map<string, number>();
				const earliest = () => [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1))[0];
				for (const each of changes) {
					if (each.do === "set") {
						table.set(each.key, each.at);
						model.set(each.key, each.at);
					} else if (each.do === "delete") {
						table.delete(each.key);
						model.delete(each.key);
					} else {
						const first = earliest();
						const due = first !== undefined && first[1] <= each.now ? first[0] : undefined;
						expect(table.take(each.now)).toBe(due);
						if (due !== undefined) model.delete(due);
					}
					expect(table.next()).toBe(earliest()?.[1]);
					expect(table.size).toBe(model.size);
				}
			}),
		);
	});

	it("does not grow with times that are set anew again and again", () => {
		const table = new Timetable();
		table.set("first", 0);
		for (let at = 1; at < 100_000; at++) table.set("second", at);
		expect(table.take(0)).toBe("first");
		expect(table.take(99_998)).toBeUndefined();
		expect(table.take(99_999)).toBe("second");
		expect(table.next()).toBeUndefined();
	});
});
