import { describe, expect, it } from "vitest";
import { Hearing } from "./hearing.js";

const PERIOD_MS = 3_000;

/** By a clock that the test moves; what would be run now and then is run when the clock moves. */
function hearing() {
	const world = { nowMs: 1_000_000, isOnline: true };
	const looks: (() => void)[] = [];
	const online: (() => void)[] = [];
	const made = new Hearing({
		settleMs: 6_000,
		now: () => world.nowMs,
		isOnline: () => world.isOnline,
		every: (_, action) => void looks.push(action),
		onOnline: (listener) => void online.push(listener),
	});
	let settled = 0;
	made.onSettled(() => settled++);
	return {
		settled: () => settled,
		settlingMs: () => made.settlingMs,
		deafMs: () => made.deafMs(PERIOD_MS),
		passes(ms: number) {
			world.nowMs += ms;
			for (const look of looks) look();
		},
		goes() {
			world.isOnline = false;
		},
		comes() {
			world.isOnline = true;
			for (const listener of online) listener();
		},
	};
}

describe("what a host can have heard", () => {
	it("is not everything until a while after each time that its link has come online", () => {
		const host = hearing();
		host.passes(10_000);
		expect([host.settlingMs(), host.settled()]).toEqual([6_000, 0]);
		host.comes();
		host.passes(5_999);
		expect([host.settlingMs(), host.settled()]).toEqual([1, 0]);
		host.passes(1);
		host.passes(1);
		expect([host.settlingMs(), host.settled()]).toEqual([0, 1]);
		host.comes();
		expect([host.settlingMs(), host.settled()]).toEqual([6_000, 1]);
		host.passes(6_000);
		expect([host.settlingMs(), host.settled()]).toEqual([0, 2]);
	});

	it("is nothing while its link is down, and in the time around that", () => {
		const host = hearing();
		host.comes();
		host.passes(PERIOD_MS);
		host.deafMs();
		host.passes(PERIOD_MS);
		expect(host.deafMs()).toBe(0);
		host.goes();
		host.passes(PERIOD_MS);
		expect(host.deafMs()).toBe(PERIOD_MS);
		host.passes(1_000);
		host.comes();
		host.passes(2_000);
		expect(host.deafMs()).toBe(3_000);
		host.passes(PERIOD_MS);
		expect(host.deafMs()).toBe(0);
	});

	it("is nothing while it stands still, which shows in a look that comes much too late", () => {
		const host = hearing();
		host.comes();
		host.deafMs();
		host.passes(2 * PERIOD_MS);
		expect(host.deafMs()).toBe(0);
		host.passes(60_000);
		expect(host.deafMs()).toBe(60_000 - PERIOD_MS);
		host.passes(PERIOD_MS);
		expect(host.deafMs()).toBe(0);
	});
});
