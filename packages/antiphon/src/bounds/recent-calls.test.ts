import { describe, expect, it } from "vitest";
import { digestOf, RecentCalls } from "./recent-calls.js";

const alice = "alice@example.org";
const bob = "bob@example.org";
const carol = "carol@example.org";

function recentCalls(bounds: { maxPerPeer?: number; max?: number } = {}) {
	const clock = { nowMs: 0 };
	return { clock, calls: new RecentCalls({ ...bounds, now: () => clock.nowMs }) };
}

describe("recent calls", () => {
	it("are known by account and name, for a minute", () => {
		const { clock, calls } = recentCalls();
		calls.add(alice, "1");
		clock.nowMs = 59_999;
		expect(calls.has(alice, "1")).toBe(true);
		expect(calls.has(alice, "2")).toBe(false);
		expect(calls.has(bob, "1")).toBe(false);
		clock.nowMs = 60_000;
		expect(calls.has(alice, "1")).toBe(false);
	});

	it("count from the last time that they ended", () => {
		const { clock, calls } = recentCalls();
		calls.add(alice, "1");
		clock.nowMs = 50_000;
		calls.add(alice, "1");
		expect(calls.size).toBe(1);
		clock.nowMs = 100_000;
		expect(calls.has(alice, "1")).toBe(true);
	});

	it("let go of what is too old, also of accounts that are quiet", () => {
		const { clock, calls } = recentCalls();
		calls.add(alice, "1");
		calls.add(bob, "1");
		clock.nowMs = 30_000;
		calls.add(bob, "2");
		clock.nowMs = 60_000;
		calls.add(carol, "1");
		expect(calls.size).toBe(2);
		expect(calls.has(bob, "2")).toBe(true);
	});

	it("of one account push out that account's oldest, and nobody else's", () => {
		const { calls } = recentCalls({ maxPerPeer: 16 });
		calls.add(bob, "1");
		for (let n = 0; n < 16; n++) calls.add(alice, `${n}`);
		expect(calls.size).toBe(17);
		calls.add(alice, "16");
		expect(calls.size).toBe(16);
		expect([calls.has(alice, "0"), calls.has(alice, "2"), calls.has(alice, "16")]).toEqual([false, true, true]);
		for (let n = 17; n < 1_000; n++) calls.add(alice, `${n}`);
		expect(calls.size).toBeLessThanOrEqual(17);
		expect(calls.has(bob, "1")).toBe(true);
	});

	it("of too many accounts push out the account that has been quiet for longest", () => {
		const { calls } = recentCalls({ maxPerPeer: 4, max: 4 });
		for (const id of ["1", "2"]) for (const who of [alice, bob]) calls.add(who, id);
		calls.add(alice, "3");
		expect(calls.size).toBe(3);
		expect([calls.has(alice, "1"), calls.has(bob, "1"), calls.has(bob, "2")]).toEqual([true, false, false]);
		for (let n = 0; n < 1_000; n++) calls.add(`caller${n}@example.org`, "1");
		expect(calls.size).toBeLessThanOrEqual(4);
	});

	it("stay in the order of time when two accounts take turns and one is let go of", () => {
		const { clock, calls } = recentCalls({ maxPerPeer: 4, max: 5 });
		calls.add(alice, "1");
		clock.nowMs = 60_000;
		calls.add(bob, "1");
		calls.add(alice, "2");
		calls.add(bob, "2");
		for (const name of ["1", "2", "3"]) calls.add(carol, name);
		expect(calls.size).toBe(5);
		expect([calls.has(alice, "2"), calls.has(bob, "2"), calls.has(carol, "3")]).toEqual([false, true, true]);
	});

	it("have names of one length, whatever their ids", () => {
		expect(digestOf("x".repeat(1_000_000)).length).toBe(digestOf("").length);
		expect(digestOf("a")).not.toBe(digestOf("b"));
	});
});
