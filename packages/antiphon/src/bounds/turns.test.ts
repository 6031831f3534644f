import { Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Turns } from "./turns.js";

/** Turns with a clock and an event loop that are moved by hand. Who is not of `providers.example` waits in one lane. */
function turnsByHand() {
	let nowMs = 0;
	const deferred: (() => void)[] = [];
	const done: string[] = [];
	const turns = new Turns({
		now: () => nowMs,
		laneOf: ({ domain }) => (domain === "providers.example" ? "providers" : "others"),
		defer: (run) => void deferred.push(run),
	});
	const take = (account: string, work: () => void, refuse: () => void = () => {}) =>
		turns.take({ who: Jid.parse(account.includes("@") ? account : `${account}@home.example`), work, refuse });
	return {
		turns,
		done,
		take,
		/** Somebody asks for something that takes so long. */
		ask: (account: string, tookMs: number, what = account) => {
			const work = () => {
				done.push(what);
				nowMs += tookMs;
			};
			take(account, work);
		},
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

	it("of a domain with many accounts does not keep that of another waiting", () => {
		const { ask, next } = turnsByHand();
		ask("a", 10);
		for (let i = 0; i < 100; i++) ask(`x${i}@evil.example`, 5);
		ask("alice", 5);
		expect(next()).toEqual(["x0@evil.example", "alice"]);
	});

	it("in one lane does not wait for that in another, however much it is", () => {
		const { ask, next } = turnsByHand();
		ask("a", 10);
		for (let i = 0; i < 5_000; i++) ask(`a@${i}.evil.example`, 5);
		ask("worker@providers.example", 2, "renewal");
		ask("worker@providers.example", 2, "another");
		expect(next()).toEqual(["a@0.evil.example", "renewal", "a@1.evil.example"]);
		expect(next()).toEqual(["another", "a@2.evil.example", "a@3.evil.example"]);
	});

	it("goes on after a piece that fails, and is forgotten when nobody is to be served any more", () => {
		const { turns, ask, take, next, isIdle } = turnsByHand();
		ask("a", 10);
		take("a", () => {
			throw new Error("broken");
		});
		ask("b", 1);
		ask("c", 10);
		ask("c", 10);
		expect(next).toThrow("broken");
		expect(next()).toEqual(["b", "c"]);
		turns.clear();
		expect([next(), isIdle()]).toEqual([[], true]);
	});
});
