import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Schedule } from "./schedule.js";

describe("what will happen", () => {
	it("happens by time, and in the order in which it was asked for when that is the same", () => {
		fc.assert(
			fc.property(fc.array(fc.nat(5)), (times) => {
				const schedule = new Schedule();
				const happened: (readonly [number, number])[] = [];
				times.forEach((time, i) => {
					schedule.at(time, () => happened.push([time, i]));
				});
				while (schedule.step(10));
				const expected = times.map((time, i) => [time, i] as const).sort(([a, i], [b, j]) => a - b || i - j);
				expect(happened).toEqual(expected);
				expect(schedule.now).toBe(10);
			}),
		);
	});

	it("does not happen when it is called off", () => {
		const schedule = new Schedule();
		const happened: string[] = [];
		const forget = schedule.after(1, () => happened.push("one"));
		schedule.after(2, () => happened.push("two"));
		forget();
		while (schedule.step(10));
		expect(happened).toEqual(["two"]);
	});
});
