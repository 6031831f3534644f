import { describe, expect, it } from "vitest";
import { Machine } from "./machine.js";
import { Random } from "./random.js";
import { Schedule } from "./schedule.js";

function machine() {
	const schedule = new Schedule();
	return { schedule, machine: new Machine("one", schedule, new Random(1), 0) };
}

describe("a process", () => {
	it("has no timers any more when it is over", () => {
		const { schedule, machine: computer } = machine();
		const happened: string[] = [];
		computer.start(() => {}).clock.after(10, () => happened.push("first"));
		computer.kill();
		computer.start(() => {}).clock.after(20, () => happened.push("second"));
		while (schedule.step(100));
		expect(happened).toEqual(["second"]);
	});

	it("stands still, and then does what has come meanwhile, in its order", () => {
		const { schedule, machine: computer } = machine();
		const happened: (readonly [string, number])[] = [];
		const process = computer.start(() => {});
		for (const delay of [10, 20, 60]) process.clock.after(delay, () => happened.push([`after ${delay}`, schedule.now]));
		computer.freeze(50);
		while (schedule.step(100));
		expect(happened).toEqual([
			["after 10", 50],
			["after 20", 50],
			["after 60", 60],
		]);
	});

	it("dies in the middle of what it does", () => {
		const { machine: computer } = machine();
		const died: string[] = [];
		const process = computer.start(() => died.push("died"));
		computer.killAfter(2);
		expect([process.acts(), process.acts(), process.acts(), process.acts()]).toEqual([true, true, false, false]);
		expect(died).toEqual(["died"]);
		expect(computer.process).toBeUndefined();
	});
});
