import { describe, expect, it } from "vitest";
import { Pushes } from "./pushes.js";

const people = (count: number) => Array.from({ length: count }, (_, i) => i);

const ENOUGH_MS = 1_000_000;

/** Telling somebody takes a millisecond. */
function telling(watchers: Record<string, readonly number[]>) {
	const told: string[] = [];
	let full = false;
	let nowMs = 0;
	const pushes = new Pushes<number>({
		watching: (service) => watchers[service] ?? [],
		tell: (to, service) => {
			told.push(`${service} ${to}`);
			nowMs++;
		},
		isFull: () => full,
		now: () => nowMs,
	});
	return {
		pushes,
		told,
		becomes: (isFull: boolean) => {
			full = isFull;
		},
	};
}

describe("what is told of changes", () => {
	it("is told once to each who watches, however often it changed", () => {
		const { pushes, told } = telling({ a: [1, 2], b: [3] });
		for (let i = 0; i < 100; i++) pushes.changed("a");
		pushes.changed("b");
		pushes.changed("unwatched");
		pushes.flush(100, ENOUGH_MS, 1);
		expect(told).toEqual(["a 1", "a 2", "b 3"]);
		pushes.flush(100, ENOUGH_MS, 1);
		expect(told).toHaveLength(3);
	});

	it("is told so many times in one flush, and no service waits for another with more watchers", () => {
		const { pushes, told } = telling({ big: people(1_000), small: [7] });
		pushes.changed("big");
		pushes.changed("small");
		pushes.flush(120, ENOUGH_MS, 1);
		expect(told).toHaveLength(120);
		expect(told).toContain("small 7");
		for (let i = 0; i < 8; i++) pushes.flush(120, ENOUGH_MS, 1);
		expect(new Set(told).size).toBe(1_001);
		expect(told).toHaveLength(1_001);
	});

	it("is told again, once, to all when it changed while some had been told", () => {
		const { pushes, told } = telling({ a: people(100) });
		pushes.changed("a");
		pushes.flush(60, ENOUGH_MS, 1);
		for (let i = 0; i < 10; i++) pushes.changed("a");
		pushes.flush(60, ENOUGH_MS, 1);
		expect(told).toHaveLength(100);
		pushes.flush(1_000, ENOUGH_MS, 1);
		expect(told).toHaveLength(200);
		pushes.flush(1_000, ENOUGH_MS, 1);
		expect(told).toHaveLength(200);
	});

	it("stops when its time is used up, goes on where it was, and gives other services their turn", () => {
		const { pushes, told } = telling({ big: people(100), small: [7] });
		pushes.changed("big");
		pushes.changed("small");
		pushes.flush(1_000, 10, 3);
		expect(told).toHaveLength(10);
		pushes.flush(1_000, 10, 3);
		expect(told).toHaveLength(20);
		expect(told).toContain("small 7");
		// Some are told also where there is no time: in the end all are.
		for (let i = 0; i < 27; i++) pushes.flush(1_000, 0, 3);
		expect(told).toHaveLength(101);
		expect(new Set(told).size).toBe(101);
	});

	it("waits while too much is waiting to be sent", () => {
		const { pushes, told, becomes } = telling({ a: [1] });
		pushes.changed("a");
		becomes(true);
		pushes.flush(10, ENOUGH_MS, 1);
		expect(told).toEqual([]);
		becomes(false);
		pushes.flush(10, ENOUGH_MS, 1);
		expect(told).toEqual(["a 1"]);
	});
});
