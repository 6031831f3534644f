import { BusError, durationAt } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { CallStats } from "./call-stats.js";

function counting(...functions: string[]) {
	const clock = { nowMs: 1_000 };
	const stats = new CallStats(functions, () => clock.nowMs);
	const call = (fn: string, tookMs: number, error?: BusError) => {
		const end = stats.begin(fn);
		clock.nowMs += tookMs;
		end(error);
	};
	const p50 = (fn: string) => {
		const ms = durationAt(0.5, stats.report(fn)[0]?.durations ?? []);
		return ms === undefined ? undefined : Math.round(ms);
	};
	return { clock, stats, call, p50 };
}

describe("the statistics of a service", () => {
	it("count calls, errors and what runs, function by function, the idle ones too", () => {
		const { stats, call, clock } = counting("define", "learn");
		call("define", 5);
		call("define", 5, new BusError("fault", "no such word", { name: "unknown" }));
		stats.begin("define");
		clock.nowMs += 100;
		const none = { calls: 0, errors: 0, running: 0, lastError: undefined };
		expect(stats.report()).toMatchObject([
			{
				fn: "define",
				calls: 2,
				errors: 1,
				running: 1,
				lastError: { code: "fault", message: "no such word", agoMs: 100 },
			},
			{ fn: "learn", ...none },
		]);
		expect(stats.report("LEARN")).toMatchObject([{ fn: "learn", ...none }]);
		expect(stats.report("nothing")).toEqual([]);
		stats.begin("nothing")(undefined);
	});

	it("tell how long calls took in the last one to two minutes, and forget what is older", () => {
		const { clock, call, p50 } = counting("f");
		expect(p50("f")).toBeUndefined();
		call("f", 1);
		expect(p50("f")).toBe(1);
		clock.nowMs += 59_000;
		call("f", 100);
		clock.nowMs += 2_000;
		call("f", 101);
		expect(p50("f")).toBe(94);
		clock.nowMs += 60_000;
		// Only the last call stands in the window before.
		expect(p50("f")).toBe(94);
		call("f", 10);
		call("f", 10);
		expect(p50("f")).toBe(10);
		clock.nowMs += 120_000;
		expect(p50("f")).toBeUndefined();
	});

	it("forget it all at once after a pause, and count on from there", () => {
		const { clock, call, p50, stats } = counting("f");
		call("f", 1);
		clock.nowMs += 3_600_000;
		call("f", 400);
		expect(p50("f")).toBe(376);
		expect(stats.report()[0]).toMatchObject({ calls: 2 });
	});

	it("keep no more of an error than is told", () => {
		const { call, stats } = counting("f");
		call("f", 1, new BusError("fault", "x".repeat(100_000)));
		expect(stats.report()[0]?.lastError?.message.length).toBeLessThan(300);
	});
});
