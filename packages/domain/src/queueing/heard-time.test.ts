import { memoryStore } from "@antiphon/delivery";
import { describe, expect, it } from "vitest";
import { HeardTime } from "./heard-time.js";

const START = 1_700_000_000_000;

/** A journal, and clocks that go on as they are told, in steps of half a second. */
async function world() {
	const store = memoryStore();
	const clock = { monotonic: 5_000, wall: START, isHearing: true };
	const open = async () => {
		const journal = await store.open("queue");
		const time = new HeardTime(journal.view, {
			monotonic: () => clock.monotonic,
			wall: () => clock.wall,
			isHearing: () => clock.isHearing,
		});
		time.look();
		return { journal, time };
	};
	let { journal, time } = await open();
	const jump = (ms: number) => {
		clock.monotonic += ms;
		clock.wall += ms;
		time.look();
	};
	return {
		clock,
		jump,
		now: () => time.now(),
		passes(ms: number) {
			for (let passed = 0; passed < ms; passed += 500) jump(500);
		},
		async restarts(awayMs: number) {
			const now = time.now();
			await new Promise<void>((resolve) => journal.write([time.write(now)], () => resolve()));
			await new Promise<void>((resolve) => journal.close(resolve));
			clock.wall += awayMs;
			clock.monotonic = 0;
			({ journal, time } = await open());
		},
	};
}

describe("The time of a queue", () => {
	it("passes while everybody can be heard", async () => {
		const { now, passes } = await world();
		passes(60_000);
		expect(now()).toEqual({ up: 60_000, calendar: 60_000 });
	});

	it("stands still while the host is cut off, and the calendar goes on", async () => {
		const { clock, now, passes } = await world();
		passes(1_000);
		clock.isHearing = false;
		passes(60_000);
		clock.isHearing = true;
		passes(500);
		// Since when it could hear again is not known to the half second.
		expect(now()).toEqual({ up: 1_000, calendar: 61_500 });
		passes(1_000);
		expect(now()).toEqual({ up: 2_000, calendar: 62_500 });
	});

	it("stands still while the process does", async () => {
		const { now, jump, passes } = await world();
		passes(1_000);
		jump(60_000);
		passes(1_000);
		expect(now()).toEqual({ up: 2_000, calendar: 62_000 });
	});

	it("goes on behind a restart, as does the calendar, whatever was not heard before", async () => {
		const { clock, now, passes, restarts } = await world();
		passes(1_000);
		clock.isHearing = false;
		passes(10_000);
		await restarts(100_000);
		expect(now()).toEqual({ up: 1_000, calendar: 111_000 });
		clock.isHearing = true;
		passes(1_000);
		await restarts(0);
		expect(now().calendar).toBe(112_000);
	});

	it("is not changed by a wall clock that jumps", async () => {
		const { clock, now, passes } = await world();
		passes(1_000);
		clock.wall += 3_600_000;
		passes(1_000);
		expect(now()).toEqual({ up: 2_000, calendar: 2_000 });
	});
});
