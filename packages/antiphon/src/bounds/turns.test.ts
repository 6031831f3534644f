import { describe, expect, it } from "vitest";
import { Turns } from "./turns.js";

/** Turns with a clock and an event loop that are moved by hand. */
function turnsByHand() {
	let nowMs = 0;
	const deferred: (() => void)[] = [];
	const done: string[] = [];
	const refused: string[] = [];
	const turns = new Turns(
		() => nowMs,
		(run) => void deferred.push(run),
	);
	return {
		turns,
		done,
		/** Somebody asks for something that takes so long. */
		ask: (account: string, tookMs: number, what = account) => {
			let isRefused = false;
			const work = () => {
				done.push(what);
				nowMs += tookMs;
			};
			const refuse = () => {
				isRefused = true;
				refused.push(account);
			};
			turns.take(account, work, refuse);
			return !isRefused;
		},
		refused,
		/** What is done in the next turn. */
		next: () => {
			done.length = 0;
			for (const run of deferred.splice(0)) run();
			return [...done];
		},
		isIdle: () => deferred.length === 0,
	};
}

describe("work for many accounts", () => {
	it("is done at once while it takes little", () => {
		const { ask, done, next, isIdle } = turnsByHand();
		for (let i = 0; i < 9; i++) ask("a", 1, `${i}`);
		expect(done).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8"]);
		expect([next(), isIdle()]).toEqual([[], true]);
	});

	it("goes on, account by account, in the next turns when it takes long; of one in its order", () => {
		const { ask, done, next, isIdle } = turnsByHand();
		for (let i = 0; i < 5; i++) ask("greedy", 6, `greedy ${i}`);
		ask("alice", 1);
		ask("bob", 1);
		expect(done).toEqual(["greedy 0", "greedy 1"]);
		expect(next()).toEqual(["greedy 2", "alice", "bob", "greedy 3"]);
		// What comes now waits for nobody, but behind what its account has asked for.
		ask("greedy", 6, "greedy 5");
		expect(next()).toEqual(["greedy 4", "greedy 5"]);
		expect([next(), isIdle()]).toEqual([[], true]);
	});

	it("is refused when too much waits, of one account before others", () => {
		const { ask, next, refused } = turnsByHand();
		ask("first", 10);
		let taken = 0;
		while (ask("greedy", 1)) taken++;
		expect(taken).toBe(512);
		expect(ask("alice", 1)).toBe(true);
		for (const other of ["b", "c", "d", "e", "f", "g"]) for (let i = 0; i < 512; i++) ask(other, 1);
		for (let i = 0; i < 511; i++) ask("h", 1);
		expect(refused).toEqual(["greedy"]);
		// All 4,096 places are taken: whoever asks for little gets one of those who have asked for much.
		expect(ask("alice", 1)).toBe(true);
		expect(ask("bob", 1)).toBe(true);
		expect(refused).toEqual(["greedy", "greedy", "b"]);
		expect(ask("c", 1)).toBe(false);
		expect(ask("h", 1)).toBe(false);
		next();
		expect(ask("carol", 1)).toBe(true);
	});

	it("goes on after a piece that fails, and is forgotten when nobody is to be served any more", () => {
		const { turns, ask, next, isIdle } = turnsByHand();
		ask("a", 10);
		const broken = () => {
			throw new Error("broken");
		};
		turns.take("a", broken, () => {});
		ask("b", 1);
		ask("c", 10);
		ask("c", 10);
		expect(next).toThrow("broken");
		expect(next()).toEqual(["b", "c"]);
		turns.clear();
		expect([next(), isIdle()]).toEqual([[], true]);
	});
});
