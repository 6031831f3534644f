import { describe, expect, it } from "vitest";
import type { View } from "./journal.js";
import { CLOCK_KEY, JournalClock } from "./journal-clock.js";

const HOUR = 3_600_000;

/** A machine with its two clocks, and a journal that has one record. */
function machine() {
	let stored: Uint8Array | undefined;
	const sources = { at: 5_000.5, wallAt: 1_800_000_000_000 };
	const view: View = { get: () => stored, keys: () => [], count: () => 0 };
	return {
		start: () => new JournalClock(view, { monotonic: () => sources.at, wall: () => sources.wallAt }),
		pass(ms: number) {
			sources.at += ms;
			sources.wallAt += ms;
		},
		jump(ms: number) {
			sources.wallAt += ms;
		},
		/** The monotonic clock of a machine that has been started again. */
		reboot() {
			sources.at = 0;
		},
		store(clock: JournalClock) {
			const [key, body] = clock.write(clock.now());
			expect(key).toBe(CLOCK_KEY);
			stored = body;
		},
		set(body: Uint8Array) {
			stored = body;
		},
	};
}

describe("the time of a journal", () => {
	it("begins at nothing, runs in whole milliseconds, and does not see the wall clock jump", () => {
		const { start, pass, jump } = machine();
		const clock = start();
		expect(clock.now()).toEqual({ up: 0, calendar: 0 });
		pass(1_000.9);
		jump(HOUR);
		expect(clock.now()).toEqual({ up: 1_000, calendar: 1_000 });
		jump(-2 * HOUR);
		pass(1);
		expect(clock.now()).toEqual({ up: 1_001, calendar: 1_001 });
	});

	it("goes on where the last batch has left it, and counts the time away in the calendar only", () => {
		const { start, pass, store, reboot } = machine();
		const clock = start();
		pass(10_000);
		store(clock);
		pass(500);
		reboot();
		pass(HOUR);
		const next = start();
		expect(next.now()).toEqual({ up: 10_000, calendar: 10_000 + 500 + HOUR });
		pass(1_000);
		store(next);
		pass(HOUR);
		expect(start().now()).toEqual({ up: 11_000, calendar: 11_000 + 500 + 2 * HOUR });
	});

	it("takes a wall clock that stands earlier than before for no time away", () => {
		const { start, pass, jump, store } = machine();
		const clock = start();
		pass(10_000);
		store(clock);
		jump(-HOUR);
		expect(start().now()).toEqual({ up: 10_000, calendar: 10_000 });
	});

	it("does not count a jump that it has lived through as time away", () => {
		const { start, pass, jump, store } = machine();
		const clock = start();
		pass(10_000);
		jump(HOUR);
		store(clock);
		pass(7);
		expect(start().now()).toEqual({ up: 10_000, calendar: 10_007 });
	});

	it("is not read when a newer version has written it", () => {
		const { start, set } = machine();
		set(Buffer.from('\x02{"up":1}'));
		expect(start).toThrow(/written by a newer Antiphon/);
	});
});
