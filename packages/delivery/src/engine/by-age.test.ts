import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByAge } from "./by-age.js";

interface Item {
	readonly at: number;
	readonly tie: string;
}

describe("things by their age", () => {
	it("are in the order of time, and of their ties within the same, however they came", () => {
		const step = fc.oneof(
			fc.record({ do: fc.constant("add" as const), at: fc.nat(5), tie: fc.string({ maxLength: 2 }) }),
			fc.record({ do: fc.constant("delete" as const), which: fc.nat(20) }),
			fc.record({ do: fc.constant("oldest" as const) }),
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
				const byAge = new ByAge<Item>();
				const model: Item[] = [];
				for (const each of steps) {
					if (each.do === "add") {
						const item = { at: each.at, tie: `${each.tie}${model.length}` };
						byAge.add(item, item.at, item.tie);
						model.push(item);
					} else if (each.do === "delete") {
						const [item] = model.splice(each.which, 1);
						if (item !== undefined) {
							byAge.delete(item);
							byAge.delete(item);
						}
					} else {
						const oldest = byAge.oldest()?.item;
						if (oldest === undefined) continue;
						byAge.delete(oldest);
						model.splice(model.indexOf(oldest), 1);
					}
					model.sort((a, b) => a.at - b.at || (a.tie < b.tie ? -1 : 1));
					expect(byAge.size).toBe(model.length);
					expect(byAge.oldest()).toEqual(model[0] && { item: model[0], at: model[0].at });
				}
			}),
		);
	});
});
