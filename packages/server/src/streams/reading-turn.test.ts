import { describe, expect, it } from "vitest";
import { ReadingTurn, type TurnTaker } from "./reading-turn.js";

/** Turns with a clock and an event loop that are moved by hand. */
function turns() {
	let nowMs = 0;
	const deferred: (() => void)[] = [];
	const worked: string[] = [];
	const reading = new ReadingTurn(
		() => nowMs,
		(run) => void deferred.push(run),
	);
	/** A stream with so many stanzas to work on, each of which takes so long. */
	const stream = (name: string, payer: string, count: number, eachMs: number) => {
		const taker = {
			payer,
			count,
			paused: 0,
			read: () => {
				do {
					worked.push(name);
					nowMs += eachMs;
					taker.count--;
				} while (taker.count > 0 && !reading.over);
				return taker.count > 0;
			},
			pause: () => void taker.paused++,
		};
		return taker satisfies TurnTaker;
	};
	/** What was worked on in the next turn, and how long that took. */
	const next = () => {
		const before = nowMs;
		worked.length = 0;
		for (const run of deferred.splice(0)) run();
		return { worked: [...worked], tookMs: nowMs - before };
	};
	return { reading, stream, next, worked, isIdle: () => deferred.length === 0 };
}

const countOf = (names: readonly string[], name: string) => names.filter((each) => each === name).length;

describe("The turns of the streams", () => {
	it("let who has little to do read at once, without a pause", () => {
		const { reading, stream, next, worked, isIdle } = turns();
		const quick = stream("quick", "a", 2, 1);
		reading.take(quick);
		expect([worked, quick.paused]).toEqual([["quick", "quick"], 0]);
		expect([next().worked, isIdle()]).toEqual([[], true]);
	});

	it("bound what is worked on in one turn by time: the last to read has its time, and its last stanza", () => {
		const { reading, stream, next, worked } = turns();
		const long = stream("long", "a", 100, 2);
		reading.take(long);
		// Two stanzas are above 3 ms; a turn takes such parts until 10 ms are over.
		expect([worked.length, long.paused]).toEqual([2, 1]);
		const counts: number[] = [];
		while (long.count > 0) {
			const { worked: now, tookMs } = next();
			expect(tookMs).toBeLessThan(10 + 3 + 2);
			counts.push(now.length);
		}
		expect(counts.slice(0, -1).every((count) => count === 6)).toBe(true);
		expect(next().worked).toEqual([]);
	});

	it("make those wait who come when the time of a turn is used up, until the next", () => {
		const { reading, stream, next } = turns();
		const slow = ["a", "b", "c", "d"].map((name) => stream(name, name, 1, 4));
		for (const one of slow) reading.take(one);
		expect(slow.map(({ paused, count }) => [paused, count])).toEqual([
			[0, 0],
			[0, 0],
			[0, 0],
			[1, 1],
		]);
		expect(next().worked).toEqual(["d"]);
	});

	it("count a hundred sessions of one account as one", () => {
		const { reading, stream, next } = turns();
		const sessions = Array.from({ length: 100 }, (_, i) => stream(`a${i}`, "a", 1000, 1));
		for (const session of sessions) reading.take(session);
		// Nobody else of the account reads before its first session has gone on.
		expect(sessions.map(({ count }) => count)).toEqual([997, ...Array.from({ length: 99 }, () => 1000)]);
		const b = stream("b", "b", 10_000, 1);
		const ping = stream("ping", "c", 1, 1);
		reading.take(b);
		reading.take(ping);
		expect(ping.count).toBe(0);
		const { worked } = next();
		expect([countOf(worked, "b"), worked.length]).toEqual([6, 12]);
		reading.take(stream("ping2", "c", 1, 1));
		const second = next().worked;
		expect(second.indexOf("ping2")).toBeLessThanOrEqual(6);
		// Within the account, one after the other.
		for (let i = 0; i < 200; i++) next();
		const spread = sessions.map(({ count }) => count);
		expect(Math.max(...spread) - Math.min(...spread)).toBeLessThanOrEqual(6);
		expect(Math.abs(10_000 - b.count - sessions.reduce((sum, { count }) => sum + 1000 - count, 0))).toBeLessThan(20);
	});

	it("serve a stream where it began to wait, though it has logged in since, and then where it belongs", () => {
		const { reading, stream, next, isIdle } = turns();
		const [first, second] = [stream("first", "address", 5, 1), stream("second", "address", 20, 1)];
		reading.take(first);
		reading.take(second);
		second.payer = "a";
		expect([next().worked.length, first.count, second.count]).toEqual([11, 0, 11]);
		const third = stream("third", "a", 1, 1);
		reading.take(third);
		expect(third.paused).toBe(1);
		expect([next().worked.length, second.count, third.count]).toEqual([10, 2, 0]);
		expect(next().worked).toEqual(["second", "second"]);
		expect([next().worked, isIdle()]).toEqual([[], true]);
	});
});
