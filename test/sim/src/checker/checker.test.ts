import type { OutcomeText, Submission } from "@antiphon/delivery";
import { describe, expect, it } from "vitest";
import { type Happening, History } from "../history.js";
import { optionsOf } from "../options.js";
import { check } from "./checker.js";
import { storiesOf } from "./evidence.js";

const CALL = "a@example.org c1";
const NEXT = "a@example.org c2";
const WORKER = "worker@example.org";

const reply = (run: number): OutcomeText => ({ text: `<reply run='${run}'/>`, code: undefined, executed: "yes" });
const fault = (executed: "no" | "unknown"): OutcomeText => ({
	text: `<fault ${executed}/>`,
	code: "unavailable",
	executed,
});

function submission(id: string): Submission {
	return {
		id,
		call: { fn: "f", version: "1", text: `<call ${id}/>`, digest: id },
		delivery: "effectively-once",
		afterMs: 0,
		expiresMs: 86_400_000,
		orderKey: "k",
		retry: { attempts: 2, backoffMs: 1, maxBackoffMs: 1, attemptMs: 1, faults: [] },
	};
}

const invoked = (call: string): Happening => ({
	type: "invoked",
	call,
	caller: "caller-1",
	process: 1,
	submission: submission(call.slice(-2)),
});
const accepted = (call: string, isThere: boolean | undefined = true): Happening => ({
	type: "accepted",
	call,
	isKnown: false,
	isThere,
});
const delivered = (call: string, n: number, token: number, isThere = true): Happening => ({
	type: "delivered",
	call,
	n,
	token,
	to: `${WORKER}/worker-1.1`,
	instance: "worker-1",
	isThere,
});
const started = (call: string, run: number, n: number, token: number): Happening => ({
	type: "started",
	call,
	run,
	provider: "worker-1",
	process: 1,
	n,
	token,
	callId: call,
	text: `<call ${call.slice(-2)}/>`,
	delivery: "effectively-once",
});
const redriven = (call: string, as: string, isThere = true): Happening => ({ type: "redriven", call, as, isThere });
const ended = (call: string, run: number, outcome = reply(run)): Happening[] => [
	{ type: "effect", call, run },
	{ type: "ended", call, run, outcome },
];
const reported = (n: number, token: number, run: number): Happening => ({
	type: "reported",
	provider: "worker-1",
	process: 1,
	isDurable: true,
	n,
	token,
	text: reply(run).text,
});
const recorded = (n: number, token: number, run: number, from = WORKER): Happening => ({
	type: "recorded",
	from,
	n,
	token,
	text: reply(run).text,
	isFenced: false,
	isFinal: true,
	isThere: true,
});
const outcome = (call: string, outcome: OutcomeText, by: "pushed" | "end" = "pushed", where = "domain"): Happening => ({
	type: "outcome",
	call,
	outcome,
	by,
	where,
});

/** A call that has died and was redriven, and what it has become, which has died, too. */
const AGAIN = `${CALL}-r1`;
const ONCE_MORE = `${CALL}-r2`;
const REDRIVEN: readonly Happening[] = [
	invoked(CALL),
	accepted(CALL),
	redriven(CALL, AGAIN),
	accepted(AGAIN),
	redriven(AGAIN, ONCE_MORE),
	accepted(ONCE_MORE),
];
/** It runs as that call. */
const runs = (callId: string): Happening[] => [
	delivered(ONCE_MORE, 3, 1),
	{ ...started(CALL, 1, 3, 1), call: ONCE_MORE, callId } as Happening,
	...ended(ONCE_MORE, 1),
	recorded(3, 1, 1),
	...[CALL, AGAIN].map((call) => outcome(call, { text: "<fault/>", code: "forbidden", executed: "yes" }, "end")),
	outcome(ONCE_MORE, reply(1), "end"),
];

const GOOD: readonly Happening[] = [
	invoked(CALL),
	accepted(CALL),
	delivered(CALL, 1, 1),
	started(CALL, 1, 1, 1),
	...ended(CALL, 1),
	reported(1, 1, 1),
	recorded(1, 1, 1),
	outcome(CALL, reply(1)),
	outcome(CALL, reply(1), "end"),
];

/** The number of the rule that a history breaks; `undefined`: none. Its events are a millisecond apart. */
function broken(happenings: readonly Happening[]): number | undefined {
	let now = 0;
	const history = new History(() => now++);
	for (const happening of happenings) history.add(happening);
	return check({
		options: optionsOf(1),
		history,
		stories: storiesOf(history.events),
		processes: history.events.filter((event) => event.type === "process"),
		survivors: new Set(["caller-1"]),
		leaseMs: 45_000,
		drift: 0,
	})?.rule;
}

/** The good history with something else in the place of some of it. */
function instead(from: number, count: number, ...happenings: Happening[]): Happening[] {
	return [...GOOD.slice(0, from), ...happenings, ...GOOD.slice(from + count)];
}

describe("the checker", () => {
	it("has nothing against a call that went well", () => {
		expect(broken(GOOD)).toBeUndefined();
	});

	it.each<[string, number, readonly Happening[]]>([
		["was accepted and has no outcome in the end", 1, GOOD.slice(0, 2)],
		[
			"was kept and has no outcome in the end",
			1,
			[invoked(CALL), { type: "kept", call: CALL, caller: "caller-1", isDurable: true }],
		],
		["has two outcomes", 2, [...GOOD, outcome(CALL, fault("unknown"), "end")]],
		["has an outcome that no run has given", 3, [...GOOD.slice(0, 2), outcome(CALL, reply(7))]],
		["has run, though its outcome says that it has not", 3, [...GOOD.slice(0, 4), outcome(CALL, fault("no"))]],
		["runs and was not delivered", 4, instead(2, 1)],
		["is delivered again when it is settled", 4, [...GOOD, delivered(CALL, 1, 2)]],
		["runs again beside a run that lives", 5, [...GOOD.slice(0, 4), delivered(CALL, 1, 2), started(CALL, 2, 1, 2)]],
		["runs twice under one token", 5, instead(4, 0, started(CALL, 2, 1, 1))],
		["is delivered with the same token again", 6, instead(4, 0, delivered(CALL, 1, 1))],
		["is settled by a lease that is not the last one", 6, instead(4, 0, delivered(CALL, 1, 2))],
		["has a reply and no effect", 7, instead(4, 1)],
		[
			"runs after one that came later",
			8,
			[invoked(NEXT), accepted(NEXT), ...GOOD.slice(0, 3), delivered(NEXT, 2, 1), ...GOOD.slice(3)],
		],
		["is accepted before it is on disk", 9, instead(1, 1, accepted(CALL, false))],
		["is delivered before its lease is on disk", 9, instead(2, 1, delivered(CALL, 1, 1, false))],
		["has the outcome of another", 10, [invoked(NEXT), ...GOOD, outcome(NEXT, reply(1))]],
		["is settled by somebody else", 10, instead(7, 1, recorded(1, 1, 1, "liar@example.org"))],
		[
			"is given up before all its attempts",
			14,
			[...GOOD.slice(0, 4), outcome(CALL, { text: "<fault/>", code: "internal", executed: "yes" }, "end")],
		],
		[
			"expires though it had a day",
			12,
			[invoked(NEXT), outcome(NEXT, { text: "<fault/>", code: "deadline-exceeded", executed: "no" })],
		],
		["was redriven twice", 15, [...REDRIVEN, redriven(CALL, `${CALL}-r3`)]],
		[
			"was redriven when it was purged",
			15,
			[invoked(CALL), { type: "purged", call: CALL, isThere: true }, redriven(CALL, AGAIN)],
		],
		["is still a dead letter when it was redriven", 15, [...REDRIVEN, { type: "listed", letters: [CALL] }]],
		["is known to its handler by its own id when it was redriven", 15, [...REDRIVEN, ...runs(ONCE_MORE)]],
		["was redriven before that was on disk", 9, [...REDRIVEN.slice(0, 2), redriven(CALL, AGAIN, false)]],
		["was redriven and has no outcome in the end", 1, [...REDRIVEN, ...runs(CALL).slice(0, -1)]],
	])("sees a call that %s", (_what, rule, happenings) => {
		expect(broken(happenings)).toBe(rule);
	});

	it("has nothing against a redriven call that is known as the first", () => {
		expect(broken([...REDRIVEN, { type: "listed", letters: [ONCE_MORE] }, ...runs(CALL)])).toBeUndefined();
	});

	it("excuses a second run when the first has failed, died, or not been heard of for a lease", () => {
		const again = [
			delivered(CALL, 1, 2),
			started(CALL, 2, 1, 2),
			...ended(CALL, 2),
			recorded(1, 2, 2),
			outcome(CALL, reply(2), "end"),
		];
		const failed = ended(CALL, 1, { text: "<fault/>", code: "internal", executed: "yes" });
		const died: Happening = { type: "process", machine: "worker-1", process: 1, is: "dead" };
		expect(broken([...GOOD.slice(0, 4), ...failed, ...again])).toBeUndefined();
		expect(broken([...GOOD.slice(0, 4), died, ...again])).toBeUndefined();
		expect(broken([...GOOD.slice(0, 4), ...again])).toBe(5);
	});
});
