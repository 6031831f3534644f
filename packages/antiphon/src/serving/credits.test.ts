import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Credits } from "./credits.js";

const PLACE = { domain: "fn.example.org", service: "lexicon", instance: "one" };

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** An instance that takes four calls, and what its domain was told. */
function served() {
	const there = { free: 4, running: 0 };
	const told: number[] = [];
	const tell = (_: unknown, credit: number) => void told.push(credit);
	const credits = new Credits({ free: () => there.free, running: () => there.running, tell });
	credits.serve(PLACE, 4);
	return { credits, there, told };
}

it("An instance takes as many calls as there are places for, when there was none for one that has come", () => {
	const { credits, there, told } = served();
	Object.assign(there, { free: 0, running: 3 });
	expect(credits.lower(PLACE)).toBe(true);
	// One that was on its way.
	expect(credits.lower(PLACE)).toBe(true);
	expect(told).toEqual([3]);
	there.running = 1;
	expect(credits.lower(PLACE)).toBe(true);
	expect(told).toEqual([3, 1]);
});

it("It takes more when a place is free, said once for all that are free soon after one another", () => {
	const { credits, there, told } = served();
	Object.assign(there, { free: 0, running: 1 });
	credits.lower(PLACE);
	there.free = 1;
	credits.left();
	vi.advanceTimersByTime(50);
	there.free = 2;
	credits.left();
	vi.advanceTimersByTime(50);
	expect(told).toEqual([1, 3]);
	// A call of its own has gone: it takes another instead, as before.
	Object.assign(there, { free: 3, running: 0 });
	credits.left();
	vi.advanceTimersByTime(100);
	expect(told).toEqual([1, 3]);
	there.free = 4;
	credits.left();
	vi.advanceTimersByTime(100);
	expect(told).toEqual([1, 3, 4]);
	credits.left();
	expect(vi.getTimerCount()).toBe(0);
});

it("It is not for want of a place that a call cannot run where one is free, or where all have calls that are leased", () => {
	const { credits, there, told } = served();
	expect(credits.lower(PLACE)).toBe(false);
	Object.assign(there, { free: 0, running: 4 });
	expect(credits.lower(PLACE)).toBe(false);
	there.running = 0;
	expect(credits.lower({ ...PLACE, instance: "two" })).toBe(false);
	expect(told).toEqual([]);
});

it("What was lowered is over when it is served anew, or no more", () => {
	for (const end of ["serve", "leave", "stop"] as const) {
		const { credits, there, told } = served();
		there.free = 0;
		credits.lower(PLACE);
		credits.left();
		credits[end](PLACE, 4);
		there.free = 4;
		vi.advanceTimersByTime(1_000);
		credits.left();
		vi.advanceTimersByTime(1_000);
		expect(told, end).toEqual([0]);
	}
});
