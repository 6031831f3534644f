import { describe, expect, it } from "vitest";
import type { FaultWriter, OutcomeText, Submission } from "../calls.js";
import { StoreError } from "../journal/journal.js";
import { CoreBench, viewOf } from "../testing/core-bench.js";
import { Outbox } from "./outbox.js";
import type { DomainResult, KeepEvent, OutboxEffect, OutboxEvent, OutboxResult } from "./outbox-events.js";
import type { OutboxOptions } from "./outbox-state.js";

const TO = "dictionary@fn.example.org";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const fault: FaultWriter = (code, executed) => `<fault code='${code}' executed='${executed}'/>`;
const reply = (text = "<reply/>"): OutcomeText => ({ text, code: undefined, executed: "yes" });

function submission(id: string, more: Partial<Submission> = {}): Submission {
	return {
		id,
		call: { fn: "dictionary.learn", version: "1.0.0", text: `<call>${id}</call>`, digest: `digest of ${id}` },
		delivery: "effectively-once",
		afterMs: 0,
		expiresMs: HOUR,
		orderKey: undefined,
		retry: { attempts: 8, backoffMs: 1_000, maxBackoffMs: 60_000, attemptMs: 60_000, faults: [] },
		...more,
	};
}

function keep(ask: number, id: string, more: Partial<Submission> = {}): KeepEvent {
	return { type: "keep", ask, to: TO, submission: submission(id, more) };
}

const up: OutboxEvent = { type: "link", isUp: true };
const down: OutboxEvent = { type: "link", isUp: false };
const wait = (ask: number, id: string): OutboxEvent => ({ type: "wait", ask, to: TO, id });
const cancel = (ask: number, id: string): OutboxEvent => ({ type: "cancel", ask, to: TO, id });
const told = (ask: number, id: string, outcome = reply(), from = TO): OutboxEvent => ({
	...{ type: "told", ask, from, id, attempts: 1, outcome },
});
const answered = (request: number, result: DomainResult): OutboxEvent => ({ type: "answered", request, result });
const refusal = (
	code: "overloaded" | "forbidden" | "conflict" | "not-found" | "unavailable",
	retryAfterMs?: number,
) => ({
	...{ code, message: "no", executed: "no" as const, retryAfterMs },
});
const refused = (...args: Parameters<typeof refusal>): DomainResult => ({ is: "refused", refusal: refusal(...args) });

class Bench extends CoreBench<OutboxEvent, OutboxEffect> {
	constructor(options: Partial<OutboxOptions> = {}) {
		super(() => new Outbox({ isDurable: true, fault, ...options }));
	}

	/** A call that the domain has been asked to take. @returns the request */
	submitted(id: string, more: Partial<Submission> = {}): number {
		return requestOf(this.tell(up, keep(1, id, more)), "submit", id);
	}

	/** A call that the domain has. */
	accepted(id: string, more: Partial<Submission> = {}): void {
		this.tell(answered(this.submitted(id, more), { is: "accepted" }));
	}
}

function requests(effects: readonly OutboxEffect[]): string[] {
	return effects.flatMap((effect) => {
		if (effect.type === "submit") return [`submit ${effect.submission.id}`];
		return effect.type === "await" || effect.type === "cancel" ? [`${effect.type} ${effect.id}`] : [];
	});
}

function requestOf(effects: readonly OutboxEffect[], type: "submit" | "await" | "cancel", id: string): number {
	const at = requests(effects).indexOf(`${type} ${id}`);
	expect(at, `${type} ${id} in ${JSON.stringify(effects)}`).not.toBe(-1);
	const asked = effects.filter(
		(effect) => effect.type === "submit" || effect.type === "await" || effect.type === "cancel",
	);
	return asked[at]?.request as number;
}

function answerTo(ask: number, effects: readonly OutboxEffect[]): OutboxResult | undefined {
	const [answer, ...others] = effects.filter((effect) => effect.type === "answer" && effect.ask === ask);
	expect(others).toEqual([]);
	return answer?.type === "answer" ? answer.result : undefined;
}

/** What a call was settled as, without its text. */
function settledAs(bench: Bench, id: string): Partial<OutcomeText> | undefined {
	const result = answerTo(999, bench.tell(wait(999, id)));
	if (result?.is !== "settled") {
		bench.tell({ type: "stop-waiting", ask: 999 });
		return undefined;
	}
	const { code, executed } = result.outcome;
	return { code, executed };
}

describe("a call that is new", () => {
	it("is kept, and submitted when the link is up", () => {
		const bench = new Bench();
		const kept = bench.tell(keep(1, "a"));
		expect(kept).toEqual([{ type: "answer", ask: 1, result: { is: "kept" } }]);
		expect(bench.writes).toHaveLength(2);
		expect(bench.tell(up)).toEqual([{ type: "submit", request: 1, to: TO, submission: submission("a") }]);
	});

	it("is submitted at once while the link is up, with what is left of its times when it is later", () => {
		const bench = new Bench();
		expect(requests(bench.tell(up, keep(1, "a")))).toEqual(["submit a"]);
		bench.tell(down);
		bench.tell(keep(2, "b", { afterMs: 5_000, expiresMs: 60_000 }));
		bench.wait(2_000);
		const [, effect] = bench.tell(up);
		expect(effect).toMatchObject({ submission: { id: "b", afterMs: 3_000, expiresMs: 58_000 } });
	});

	it("is overloaded when there is no room: calls, bytes, or calls in all", () => {
		for (const limits of [{ maxKept: 1 }, { maxKeptBytes: 20 }, { maxOpen: 1 }]) {
			const bench = new Bench({ limits });
			bench.tell(keep(1, "a"));
			const effects = bench.tell(keep(2, "b"));
			expect(answerTo(2, effects)).toMatchObject({
				is: "refused",
				refusal: { code: "overloaded", executed: "no", retryAfterMs: 5_000 },
			});
			expect(bench.writes).toEqual([]);
		}
	});

	it("has room again when another one was accepted, or is settled", () => {
		const bench = new Bench({ limits: { maxKept: 1, maxOpen: 2 } });
		bench.accepted("a");
		expect(answerTo(2, bench.tell(keep(2, "b")))).toEqual({ is: "kept" });
		expect(answerTo(3, bench.tell(keep(3, "c")))).toMatchObject({ is: "refused" });
		bench.tell(told(4, "a"), told(5, "b"));
		expect(answerTo(6, bench.tell(keep(6, "c")))).toEqual({ is: "kept" });
	});

	it("is the same call when it comes again, and a conflict with another input", () => {
		const bench = new Bench();
		bench.tell(keep(1, "a"));
		expect(answerTo(2, bench.tell(keep(2, "a")))).toEqual({ is: "kept" });
		expect(bench.writes).toEqual([]);
		const other = { call: { ...submission("a").call, digest: "other" } };
		expect(answerTo(3, bench.tell(keep(3, "a", other)))).toMatchObject({
			is: "refused",
			refusal: { code: "conflict", executed: "no" },
		});
		expect(requests(bench.tell(up))).toEqual(["submit a"]);
		bench.tell(told(4, "a"));
		expect(answerTo(5, bench.tell(keep(5, "a")))).toEqual({ is: "kept" });
		expect(answerTo(6, bench.tell(wait(6, "a")))).toMatchObject({ is: "settled", outcome: reply() });
	});
});

describe("a call that was submitted", () => {
	it.each(["accepted", "known"] as const)("is the domain's when that says %s: its text goes", (is) => {
		const bench = new Bench();
		const before = bench.records.size;
		const request = bench.submitted("a");
		bench.tell(answered(request, { is }));
		expect(bench.records.size - before).toBe(1);
		expect(requests(bench.wait(50_000)).filter((each) => each.startsWith("submit"))).toEqual([]);
	});

	it.each([
		"invalid-argument",
		"unauthenticated",
		"forbidden",
		"conflict",
		"too-large",
		"not-found",
		"unimplemented",
	] as const)("is settled when it is refused for good: %s", (code) => {
		const bench = new Bench();
		const refusal = { code, message: "no", executed: "no" } as const;
		bench.tell(answered(bench.submitted("a"), { is: "refused", refusal }));
		expect(settledAs(bench, "a")).toEqual({ code, executed: "no" });
		expect(requests(bench.wait(HOUR))).toEqual([]);
	});

	it("may have been executed when only a repeat was refused for good", () => {
		const bench = new Bench();
		bench.tell({ type: "unanswered", request: bench.submitted("a") });
		const request = requestOf(bench.wait(1_000), "submit", "a");
		bench.tell(answered(request, refused("forbidden")));
		expect(settledAs(bench, "a")).toEqual({ code: "forbidden", executed: "unknown" });
	});

	it("is submitted again after its back-off when the domain is overloaded, and not before it said", () => {
		const bench = new Bench();
		bench.tell(answered(bench.submitted("a"), refused("overloaded", 20_000)));
		expect(requests(bench.wait(19_999))).toEqual([]);
		expect(requests(bench.wait(1))).toEqual(["submit a"]);
	});

	it("is submitted again after its back-off when nothing came, or an error for the stanza", () => {
		const bench = new Bench();
		let request = bench.submitted("a");
		bench.tell({ type: "unanswered", request });
		request = requestOf(bench.wait(500), "submit", "a");
		bench.tell({ type: "unanswered", request, refusal: refusal("not-found") });
		request = requestOf(bench.wait(1_000), "submit", "a");
		expect(requests(bench.wait(29_999))).toEqual([]);
		expect(requests(bench.wait(2_001))).toEqual(["submit a"]);
		expect(settledAs(bench, "a")).toBeUndefined();
		// And an answer to one that is over counts for nothing.
		bench.tell(answered(request, refused("forbidden")));
		expect(settledAs(bench, "a")).toBeUndefined();
	});

	it("is submitted again at once when the link has been down", () => {
		const bench = new Bench();
		const request = bench.submitted("a");
		expect(requests(bench.tell(down))).toEqual([]);
		expect(requests(bench.wait(60_000))).toEqual([]);
		expect(requests(bench.tell(up))).toEqual(["submit a"]);
		expect(requests(bench.tell(up))).toEqual(["submit a"]);
		bench.tell(answered(request, refused("forbidden")));
		expect(settledAs(bench, "a")).toBeUndefined();
	});

	it("is settled when its outcome is told before it was said to be accepted", () => {
		const bench = new Bench();
		const request = bench.submitted("a");
		bench.tell(told(2, "a"));
		expect(settledAs(bench, "a")).toEqual({ code: undefined, executed: "yes" });
		expect(bench.tell(answered(request, { is: "accepted" }))).toEqual([]);
		expect(requests(bench.wait(HOUR))).toEqual([]);
	});
});

describe("a call that expires", () => {
	it("was not executed when it was never submitted", () => {
		const bench = new Bench();
		bench.tell(keep(1, "a"));
		bench.wait(HOUR - 1);
		expect(settledAs(bench, "a")).toBeUndefined();
		bench.wait(1);
		expect(settledAs(bench, "a")).toEqual({ code: "deadline-exceeded", executed: "no" });
		expect(requests(bench.tell(up))).toEqual([]);
	});

	it("was not executed when each submit was refused, executed no", () => {
		const bench = new Bench();
		bench.tell(answered(bench.submitted("a", { expiresMs: 1_000 }), refused("overloaded", 60_000)));
		bench.wait(1_000);
		expect(settledAs(bench, "a")).toEqual({ code: "deadline-exceeded", executed: "no" });
	});

	it("may have been executed when a submit was not answered", () => {
		const bench = new Bench();
		bench.submitted("a");
		bench.tell(down);
		bench.wait(HOUR);
		expect(settledAs(bench, "a")).toEqual({ code: "deadline-exceeded", executed: "unknown" });
	});

	it("expires by the time that has gone by while the program was not running", () => {
		const bench = new Bench();
		bench.tell(keep(1, "a"));
		bench.restart(HOUR);
		bench.tell();
		expect(settledAs(bench, "a")).toEqual({ code: "deadline-exceeded", executed: "unknown" });
	});

	it("is waited for when it was accepted, until its domain must be gone", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(down);
		bench.wait(HOUR + DAY - 1);
		expect(settledAs(bench, "a")).toBeUndefined();
		bench.wait(1);
		expect(settledAs(bench, "a")).toEqual({ code: "deadline-exceeded", executed: "unknown" });
	});

	it("expires in steps that are bounded", () => {
		const bench = new Bench();
		bench.tell(...Array.from({ length: 300 }, (_, i) => keep(i, `call-${i}`)));
		bench.up += HOUR;
		bench.tell();
		expect(bench.writes.length).toBeLessThan(800);
		bench.wait(0);
		expect(settledAs(bench, "call-299")).toEqual({ code: "deadline-exceeded", executed: "no" });
	});
});

describe("an accepted call", () => {
	it("is settled by its outcome, which is received when it is stored", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(wait(2, "a"));
		const effects = bench.tell(told(3, "a"));
		expect(bench.writes.length).toBeGreaterThan(0);
		expect(answerTo(2, effects)).toEqual({ is: "settled", attempts: 1, outcome: reply() });
		expect(answerTo(3, effects)).toEqual({ is: "received" });
	});

	it("keeps its first outcome", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(told(3, "a"));
		expect(answerTo(4, bench.tell(told(4, "a", { ...reply("<other/>"), code: "internal" })))).toEqual({
			is: "received",
		});
		expect(bench.writes).toEqual([]);
		expect(answerTo(5, bench.tell(wait(5, "a")))).toMatchObject({ outcome: reply() });
	});

	it("is asked about after each reconnect, and now and then", () => {
		const bench = new Bench();
		bench.accepted("a");
		const polls = requests(bench.wait(70_000));
		expect(polls).toEqual(["await a"]);
		bench.tell(down);
		const request = requestOf(bench.tell(up), "await", "a");
		bench.tell(answered(request, { is: "state", state: "leased", attempts: 1 }));
		expect(requests(bench.wait(29_000))).toEqual([]);
		const next = requestOf(bench.wait(31_000), "await", "a");
		bench.tell(answered(next, { is: "settled", attempts: 2, outcome: reply() }));
		expect(settledAs(bench, "a")).toEqual({ code: undefined, executed: "yes" });
		expect(requests(bench.wait(DAY))).toEqual([]);
	});

	it("is asked about more often while somebody waits for it", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(wait(2, "a"));
		const request = requestOf(bench.wait(4_000), "await", "a");
		bench.tell(answered(request, { is: "state", state: "leased", attempts: 1 }));
		expect(requests(bench.wait(8_000))).toEqual(["await a"]);
	});

	it("is asked about no later because somebody else waits for it", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(down);
		const request = requestOf(bench.tell(up, wait(2, "a")), "await", "a");
		bench.tell(wait(3, "a"));
		bench.tell(answered(request, { is: "state", state: "leased", attempts: 1 }));
		const polls: string[] = [];
		for (let ask = 4; ask < 12; ask++) {
			polls.push(...requests(bench.wait(1_000)));
			bench.tell(wait(ask, "a"));
		}
		expect(polls).toEqual(["await a"]);
	});

	it("is settled as lost, loudly, when the domain does not know it any more", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(down);
		const effects = bench.tell(answered(requestOf(bench.tell(up), "await", "a"), refused("not-found")));
		expect(effects).toContainEqual({ type: "missing", to: TO, id: "a", fn: "dictionary.learn" });
		expect(settledAs(bench, "a")).toEqual({ code: "protocol", executed: "unknown" });
	});

	it("is asked about again when the domain cannot say", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(down);
		bench.tell(answered(requestOf(bench.tell(up), "await", "a"), refused("unavailable")));
		expect(requests(bench.wait(500))).toEqual(["await a"]);
	});
});

describe("an outcome", () => {
	it("is believed from where the call was submitted to, and received for a call that nobody has", () => {
		const bench = new Bench();
		bench.accepted("a");
		const effects = bench.tell(told(2, "a", reply("<forged/>"), "dictionary@fn.example.com"), told(3, "b"));
		expect([answerTo(2, effects), answerTo(3, effects)]).toEqual([{ is: "received" }, { is: "received" }]);
		expect(bench.writes).toEqual([]);
		expect(settledAs(bench, "a")).toBeUndefined();
	});

	it("is kept for a day in which the journal is open, and not longer", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(told(2, "a"));
		bench.restart(10 * DAY);
		bench.wait(DAY - 1);
		expect(bench.records.size).toBe(2);
		bench.wait(1);
		expect(bench.records.size).toBe(0);
		expect(bench.core.wakeUp()).toBeUndefined();
	});

	it("goes before its time when there is no room, the oldest first, also after a restart", () => {
		for (const [limits, restarts] of [
			[{ maxSettled: 2 }, true],
			[{ maxSettledBytes: 150 }, false],
		] as const) {
			const bench = new Bench({ limits });
			for (const id of ["a", "b", "c"]) bench.accepted(id);
			// At the same time, and not in the order in which they were kept.
			bench.tell(told(2, "b"), told(3, "a"));
			if (restarts) bench.restart();
			bench.tell(told(4, "c"));
			expect(settledAs(bench, "a")).toBeUndefined();
			expect(settledAs(bench, "b")).toEqual({ code: undefined, executed: "yes" });
			expect(settledAs(bench, "c")).toEqual({ code: undefined, executed: "yes" });
		}
	});

	it("is waited for by several, also after a restart, and by nobody who has stopped", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.restart();
		bench.tell(wait(2, "a"), wait(3, "a"), wait(4, "a"));
		bench.tell({ type: "stop-waiting", ask: 3 });
		const effects = bench.tell(told(5, "a"));
		expect([2, 3, 4].map((ask) => answerTo(ask, effects)?.is)).toEqual(["settled", undefined, "settled"]);
	});

	it("is asked for from the domain when the call is another's, until nobody waits", () => {
		const bench = new Bench();
		bench.tell(up);
		const first = requestOf(bench.tell(wait(2, "x")), "await", "x");
		bench.tell(answered(first, { is: "state", state: "waiting", attempts: 0 }));
		expect(requests(bench.wait(16_000))).toEqual(["await x"]);
		bench.tell({ type: "stop-waiting", ask: 2 });
		expect(requests(bench.wait(DAY))).toEqual([]);

		const second = requestOf(bench.tell(wait(3, "x")), "await", "x");
		const effects = bench.tell(answered(second, { is: "settled", attempts: 1, outcome: reply() }));
		expect(answerTo(3, effects)).toMatchObject({ is: "settled" });
		expect(bench.records.size).toBe(0);

		const third = requestOf(bench.tell(wait(4, "y")), "await", "y");
		expect(answerTo(4, bench.tell(answered(third, refused("not-found"))))).toMatchObject({ is: "refused" });
		expect(requests(bench.wait(DAY))).toEqual([]);
	});

	it("is told to as many as may wait", () => {
		const bench = new Bench({ limits: { maxWaiters: 1 } });
		bench.accepted("a");
		const effects = bench.tell(wait(2, "a"), wait(3, "a"), cancel(4, "a"));
		for (const ask of [3, 4]) expect(answerTo(ask, effects)).toMatchObject({ refusal: { code: "overloaded" } });
		expect(requests(effects)).toEqual([]);
	});
});

describe("cancelling", () => {
	it("settles a call that cannot be at the domain", () => {
		const bench = new Bench();
		bench.tell(keep(1, "a"));
		const effects = bench.tell(cancel(2, "a"));
		expect(answerTo(2, effects)).toMatchObject({ is: "settled", outcome: { code: "cancelled", executed: "no" } });
		expect(requests(bench.tell(up))).toEqual([]);
	});

	it("asks the domain about a call that it may have, until it answers, also after a restart", () => {
		const bench = new Bench();
		bench.tell(answered(bench.submitted("a"), refused("overloaded")));
		bench.wait(1_000);
		const effects = bench.tell(cancel(2, "a"));
		expect(effects).toEqual([
			{ type: "cancel", request: 3, to: TO, id: "a", fn: "dictionary.learn", expiresMs: HOUR - 1_000 },
		]);
		bench.tell({ type: "unanswered", request: 3 });
		expect(requests(bench.wait(500))).toEqual(["cancel a"]);
		bench.restart();
		const request = requestOf(bench.tell(up, wait(3, "a")), "cancel", "a");
		const outcome = { text: "<fault/>", code: "cancelled", executed: "no" } as const;
		const last = bench.tell(answered(request, { is: "settled", attempts: 0, outcome }));
		expect(answerTo(3, last)).toEqual({ is: "settled", attempts: 0, outcome });
	});

	it("asks the domain about a call that is kept since before a restart", () => {
		const bench = new Bench();
		bench.tell(keep(1, "a"));
		bench.restart();
		expect(answerTo(2, bench.tell(cancel(2, "a")))).toBeUndefined();
		expect(requests(bench.tell(up))).toEqual(["cancel a"]);
	});

	it("answers with the outcome that the call has, whichever it is", () => {
		const bench = new Bench();
		bench.accepted("a");
		const request = requestOf(bench.tell(cancel(2, "a")), "cancel", "a");
		expect(answerTo(2, bench.tell(answered(request, { is: "settled", attempts: 1, outcome: reply() })))).toEqual({
			...{ is: "settled", attempts: 1, outcome: reply() },
		});
		expect(answerTo(3, bench.tell(cancel(3, "a")))).toMatchObject({ outcome: reply() });
	});

	it("leaves an accepted call as it is when the domain refuses, and one that it has not accepted settled", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(wait(2, "a"));
		const effects = bench.tell(answered(requestOf(bench.tell(cancel(3, "a")), "cancel", "a"), refused("forbidden")));
		expect(answerTo(2, effects)).toBeUndefined();
		expect(answerTo(3, effects)).toMatchObject({ is: "refused", refusal: { code: "forbidden" } });
		expect(requests(bench.wait(8_000))).toEqual(["await a"]);

		bench.submitted("b");
		const last = bench.tell(answered(requestOf(bench.tell(cancel(4, "b")), "cancel", "b"), refused("not-found")));
		expect(answerTo(4, last)).toMatchObject({ outcome: { code: "cancelled", executed: "unknown" } });
	});

	it("ends with the call's expiry when the domain does not answer", () => {
		const bench = new Bench();
		bench.submitted("a");
		bench.tell(cancel(2, "a"));
		expect(answerTo(2, bench.wait(HOUR))).toMatchObject({
			outcome: { code: "deadline-exceeded", executed: "unknown" },
		});
	});

	it("asks the domain about a call that is another's", () => {
		const bench = new Bench();
		bench.tell(up, wait(2, "x"));
		const effects = bench.tell(cancel(3, "x"));
		expect(effects).toMatchObject([{ type: "cancel", id: "x", fn: undefined, expiresMs: 30 * DAY }]);
		const refusedIt = bench.tell(answered(requestOf(effects, "cancel", "x"), refused("forbidden")));
		expect([2, 3].map((ask) => answerTo(ask, refusedIt)?.is)).toEqual([undefined, "refused"]);
		expect(requests(refusedIt)).toEqual(["await x"]);
	});

	it("passes on that the domain knows no such call, unless it was made here", () => {
		const outcome = { text: "<fault/>", code: "cancelled", executed: "no" } as const;
		const unknown: DomainResult = { is: "settled", attempts: 0, outcome, isUnknown: true };
		const bench = new Bench();
		const another = bench.tell(up, cancel(1, "x"));
		expect(answerTo(1, bench.tell(answered(requestOf(another, "cancel", "x"), unknown)))).toEqual(unknown);
		bench.submitted("a");
		const own = bench.tell(cancel(2, "a"));
		const { isUnknown: _, ...known } = unknown;
		expect(answerTo(2, bench.tell(answered(requestOf(own, "cancel", "a"), unknown)))).toEqual(known);
	});
});

describe("calls with an order key", () => {
	const order = { orderKey: "acct-7" };

	it("are submitted one after the other, each when the one before is accepted", () => {
		const bench = new Bench();
		const first = bench.tell(up, keep(1, "a", order), keep(2, "b", order), keep(3, "c", { orderKey: "other" }));
		expect(requests(first)).toEqual(["submit a", "submit c"]);
		const second = bench.tell(answered(requestOf(first, "submit", "a"), { is: "accepted" }));
		expect(requests(second)).toEqual(["submit b"]);
	});

	it("wait also when they were asked about before they were kept", () => {
		const bench = new Bench();
		bench.tell(up, wait(1, "b"));
		expect(requests(bench.tell(keep(2, "a", order), keep(3, "b", order)))).toEqual(["submit a"]);
	});

	it("do not wait for one that is settled: refused, cancelled or expired", () => {
		const bench = new Bench();
		const first = bench.tell(
			up,
			keep(1, "a", order),
			keep(2, "b", order),
			keep(3, "c", { ...order, expiresMs: 5_000 }),
		);
		const second = bench.tell(answered(requestOf(first, "submit", "a"), refused("forbidden")));
		expect(requests(second)).toEqual(["submit b"]);
		bench.tell(keep(4, "d", order), keep(5, "e", order));
		bench.tell(cancel(6, "d"));
		bench.wait(5_000);
		const third = bench.tell(told(7, "b"));
		expect(requests(third)).toEqual(["submit e"]);
	});

	it("keep their order over a restart, and when one of them is cancelled", () => {
		const bench = new Bench();
		bench.tell(keep(1, "a", order), keep(2, "b", order), keep(3, "c", order));
		bench.restart();
		const first = bench.tell(up, cancel(4, "a"));
		expect(requests(first)).toEqual(["cancel a"]);
		const outcome = { text: "", code: "cancelled", executed: "no" } as const;
		const second = bench.tell(answered(requestOf(first, "cancel", "a"), { is: "settled", attempts: 0, outcome }));
		expect(requests(second)).toEqual(["submit b"]);
	});
});

describe("an outbox in memory", () => {
	const memory = () => new Bench({ isDurable: false });

	it("keeps nothing while the link is down", () => {
		const bench = memory();
		expect(answerTo(1, bench.tell(keep(1, "a")))).toMatchObject({ refusal: { code: "unavailable", executed: "no" } });
		expect(bench.records.size).toBe(0);
	});

	it("says that a call is kept when the domain has accepted it", () => {
		const bench = memory();
		const effects = bench.tell(up, keep(1, "a"), keep(2, "a"));
		expect([1, 2].map((ask) => answerTo(ask, effects))).toEqual([undefined, undefined]);
		const accepted = bench.tell(answered(requestOf(effects, "submit", "a"), { is: "accepted" }));
		expect([1, 2].map((ask) => answerTo(ask, accepted))).toEqual([{ is: "kept" }, { is: "kept" }]);
		expect(answerTo(3, bench.tell(keep(3, "a")))).toEqual({ is: "kept" });
	});

	it.each(["overloaded", "forbidden"] as const)("passes it on and forgets the call when it is %s", (code) => {
		const bench = memory();
		const effects = bench.tell(answered(bench.submitted("a"), refused(code, 700)));
		expect(answerTo(1, effects)).toEqual({ is: "refused", refusal: refusal(code, 700) });
		expect(bench.records.size).toBe(0);
		expect(requests(bench.tell(keep(2, "a")))).toEqual(["submit a"]);
	});

	it("passes on an error that says that it was not executed, and otherwise tries again", () => {
		const bench = memory();
		bench.tell({ type: "unanswered", request: bench.submitted("a") });
		const request = requestOf(bench.wait(500), "submit", "a");
		const effects = bench.tell({ type: "unanswered", request, refusal: refusal("unavailable") });
		expect(answerTo(1, effects)).toMatchObject({ refusal: { code: "unavailable", executed: "unknown" } });
	});

	it("refuses a call that is cancelled or expires before anything was sent, and keeps one that may be there", () => {
		const bench = memory();
		bench.tell(up, keep(1, "a", { orderKey: "k" }), keep(2, "b", { orderKey: "k" }), wait(3, "b"));
		const effects = bench.tell(cancel(4, "b"));
		expect(answerTo(2, effects)).toMatchObject({ refusal: { code: "cancelled", executed: "no" } });
		expect(answerTo(3, effects)).toMatchObject({ is: "settled" });
		bench.tell(down);
		expect(answerTo(1, bench.wait(HOUR))).toEqual({ is: "kept" });
	});
});

describe("a step that was not stored", () => {
	it("has changed nothing: who waited waits, the call is what it was", () => {
		const bench = new Bench();
		bench.accepted("a");
		bench.tell(wait(2, "a"), wait(3, "x"));
		bench.fail(told(4, "a"), { type: "stop-waiting", ask: 3 }, wait(5, "y"));
		const effects = bench.tell();
		expect(requests(effects)).toEqual(["await a", "await x"]);
		const last = bench.tell(told(6, "a"), told(7, "x"), told(8, "y"));
		expect([2, 3, 5].map((ask) => answerTo(ask, last)?.is)).toEqual(["settled", "settled", undefined]);
	});

	it("makes unknown whether a call was submitted", () => {
		const bench = new Bench();
		bench.tell(keep(1, "a"));
		bench.fail(keep(2, "b"));
		expect(answerTo(3, bench.tell(cancel(3, "a")))).toBeUndefined();
	});
});

describe("damage", () => {
	const damaged = (change: (bench: Bench) => void) => {
		const bench = new Bench();
		bench.tell(keep(1, "a"), keep(2, "b"));
		bench.tell(up, told(3, "b"));
		change(bench);
		return () => bench.core.recover(viewOf(bench.records), bench.now);
	};
	const keyOfKind = (bench: Bench, kind: string) => [...bench.records.keys()].find((key) => key[0] === kind) as string;

	it.each(["h", "c", "o"])("is loud when a record of kind %s is gone", (kind) => {
		expect(damaged((bench) => bench.records.delete(keyOfKind(bench, kind)))).toThrow(StoreError);
	});

	it("is loud when a record is of a newer version, or is nothing that this could read", () => {
		const write = (body: string) => (bench: Bench) => bench.records.set(keyOfKind(bench, "h"), Buffer.from(body));
		expect(damaged(write("\x02{}"))).toThrow(/newer Antiphon: its version is 2, and this one reads 1/);
		expect(damaged(write("\x01{"))).toThrow(/not what is written there/);
		expect(damaged(write("\x01{}"))).toThrow(/no call of an outbox/);
		expect(damaged(write("\x01null"))).toThrow(/no call of an outbox/);
		expect(damaged(write(""))).toThrow(StoreError);
		expect(damaged((bench) => bench.records.set("hx", Buffer.from("\x01{}")))).toThrow(StoreError);
	});
});
