import { describe, expect, it } from "vitest";
import type { DeedRun } from "#kit";
import type { Evidence } from "./evidence.js";
import { type CallerLine, type DurableDelivery, EVERYBODY, type Outcome } from "./history.js";
import { judge } from "./judge.js";
import { SILENCE_MS } from "./second-run.js";

const OK: Outcome = { is: "ok", value: "provider-1" };
const error = (code: string, executed: "no" | "unknown"): Outcome => ({ is: "error", code, executed });

const begun = (n: number, delivery: DurableDelivery = "effectively-once"): CallerLine => {
	return { is: "begun", n, at: 1_000, delivery };
};
const accepted = (n: number): CallerLine => ({ is: "accepted", n, at: 1_100, callId: `id-${n}` });
const settled = (n: number, outcome: Outcome = OK, at = 9_000): CallerLine => ({ is: "settled", n, at, outcome });

function run(n: number, at: number, more: Partial<DeedRun> = {}): DeedRun {
	return { n, at, callId: `caller@localhost/id-${n}`, attempt: 1, instance: "provider-1", pid: 1, ...more };
}

/** Of one call, number 1, unless it says something else. */
function judged(evidence: Partial<Evidence>) {
	const whole: Evidence = {
		...{ lines: [begun(1), accepted(1), settled(1)], runs: [run(1, 2_000)], outages: [] },
		...{ lives: ["provider-1", "provider-2"].map((name, i) => ({ name, pid: i + 1, from: 0 })), audit: new Map() },
		...evidence,
	};
	const { findings, ...counts } = judge(whole);
	return { ...counts, rules: findings.map(({ rule }) => rule), whats: findings.map(({ what }) => what) };
}

describe("the judge", () => {
	it("finds nothing wrong with calls that were run once, or refused", () => {
		const lines: CallerLine[] = [begun(1), accepted(1), settled(1), begun(2)];
		lines.push({ is: "refused", n: 2, at: 1_100, code: "too-large", executed: "no" }, { is: "done", at: 9_900 });
		const audit = new Map([["id-1", OK]]);
		expect(judged({ lines, audit })).toEqual({
			...{ ok: true, begun: 2, accepted: 1, settled: 1, refused: 1, runs: 1, repeated: 0 },
			...{ lost: 0, duplicated: 0, unsettled: 0, untrue: 0, unknown: 0, rules: [], whats: [] },
		});
	});

	describe("finds lost", () => {
		it.each<[string, Partial<Evidence>]>([
			["a call that nobody knows", { lines: [begun(1), accepted(1), settled(1, error("not-found", "no"))], runs: [] }],
			["a call that the outbox misses", { lines: [begun(1), accepted(1), settled(1, error("protocol", "unknown"))] }],
			["a call that was not run", { lines: [begun(1), accepted(1), settled(1, error("internal", "no"))], runs: [] }],
			["an output without a run", { runs: [] }],
			["a call that its domain has forgotten", { audit: new Map([["id-1", undefined]]) }],
		])("%s", (_, evidence) => {
			expect(judged(evidence)).toMatchObject({ ok: false, lost: 1, rules: ["lost"] });
		});
	});

	describe("finds unsettled", () => {
		it("what was accepted and has no outcome, also when it was run", () => {
			const lines = [begun(1), accepted(1)];
			expect(judged({ lines })).toMatchObject({
				ok: false,
				accepted: 1,
				settled: 0,
				unsettled: 1,
				rules: ["unsettled"],
			});
		});

		it("what was begun, and neither accepted nor refused", () => {
			expect(judged({ lines: [begun(1)], runs: [] })).toMatchObject({ ok: false, unsettled: 1, rules: ["unsettled"] });
		});
	});

	describe("finds untrue", () => {
		it("two outcomes of one call, to its caller or in the audit", () => {
			const other: Outcome = { is: "ok", value: "provider-2" };
			const runs = [run(1, 2_000)];
			expect(judged({ runs, audit: new Map([["id-1", other]]) }).rules).toEqual(["untrue"]);
			expect(judged({ runs, lines: [begun(1), accepted(1), settled(1), settled(1, other)] }).rules).toEqual(["untrue"]);
		});

		it("an output of an instance that has not run the call", () => {
			expect(judged({ runs: [run(1, 2_000, { instance: "provider-2", pid: 2 })] }).rules).toEqual(["untrue"]);
		});

		it("a run of what was refused as not having run", () => {
			const lines: CallerLine[] = [begun(1), { is: "refused", n: 1, at: 1_100, code: "forbidden", executed: "no" }];
			expect(judged({ lines }).rules).toEqual(["untrue"]);
		});
	});

	it("counts as unknown what was given up without a word about whether it has run, and does not mind", () => {
		const lines = [begun(1), accepted(1), settled(1, error("unavailable", "unknown"))];
		expect(judged({ lines })).toMatchObject({ ok: true, settled: 1, unknown: 1 });
	});

	describe("finds duplicated", () => {
		const again = run(1, 4_000, { attempt: 2, instance: "provider-2", pid: 2 });
		const runs = [run(1, 2_000), again];
		const first = { name: "provider-1", pid: 1, from: 0 };
		const second = { name: "provider-2", pid: 2, from: 0 };

		it("a second run, though nothing has happened to the first", () => {
			expect(judged({ runs })).toMatchObject({ ok: false, duplicated: 1, runs: 2, repeated: 1, rules: ["duplicated"] });
		});

		it("a second run whose first one's process has died, but only afterwards, or another of that name", () => {
			expect(judged({ runs, lives: [{ ...first, to: 8_000 }, second] }).rules).toEqual(["duplicated"]);
			expect(judged({ runs, lives: [first, { ...first, pid: 9, to: 3_000 }, second] }).rules).toEqual(["duplicated"]);
		});

		it("a second run of the same attempt", () => {
			expect(judged({ runs: [run(1, 2_000), { ...again, attempt: 1 }] }).rules).toEqual(["duplicated"]);
		});

		it("a run when the outcome was known already, whatever became of the first run's process", () => {
			const late = [run(1, 2_000), { ...again, at: 20_000 }];
			expect(judged({ runs: late, lives: [{ ...first, to: 3_000 }, second] }).rules).toEqual(["duplicated"]);
		});

		it("one call that was taken for two, of whichever delivery", () => {
			const two = [run(1, 2_000), run(1, 2_500, { callId: "caller@localhost/other" })];
			const lines = [begun(1, "at-least-once"), accepted(1), settled(1)];
			expect(judged({ runs: two, lines }).rules).toEqual(["duplicated"]);
		});

		it("a run after an outage that was too short to lose a lease", () => {
			const outages = [{ of: "provider-1", from: 0, to: 2_500 }];
			expect(judged({ runs, outages }).rules).toEqual(["duplicated"]);
		});
	});

	describe("allows a second run", () => {
		const again = run(1, 4_000, { attempt: 2, instance: "provider-2", pid: 2 });
		const lives = [
			{ name: "provider-1", pid: 1, from: 0, to: 3_000 },
			{ name: "provider-2", pid: 2, from: 0 },
		];

		it("when the process of the first has died meanwhile", () => {
			expect(judged({ runs: [run(1, 2_000), again], lives })).toMatchObject({ ok: true, repeated: 1 });
		});

		it("of an at-least-once call", () => {
			const lines = [begun(1, "at-least-once"), accepted(1), settled(1)];
			expect(judged({ runs: [run(1, 2_000), again], lines })).toMatchObject({ ok: true, repeated: 1 });
		});

		it("when the first was not heard of for as long as a lease lasts", () => {
			const at = 2_000 + SILENCE_MS;
			const lines = [begun(1), accepted(1), settled(1, OK, at + 1_000)];
			expect(judged({ lines, runs: [run(1, 2_000), { ...again, at }] }).ok).toBe(true);
		});

		it("that was begun late, by a process that could not be heard of for as long, also when the outcome is known", () => {
			const at = 90_000;
			const runs = [run(1, at, { attempt: 1 }), { ...again, at: 50_000 }];
			const lines = [begun(1), accepted(1), settled(1, { is: "ok", value: "provider-2" }, 51_000)];
			const away = { from: 50_000 - SILENCE_MS, to: at };
			const shorter = { from: 52_000 - SILENCE_MS, to: at };
			expect(judged({ lines, runs, outages: [{ of: "provider-1", ...away }] }).ok).toBe(true);
			expect(judged({ lines, runs, outages: [{ of: EVERYBODY, ...away }] }).ok).toBe(true);
			expect(judged({ lines, runs, outages: [{ of: "provider-2", ...away }] }).rules).toEqual(["duplicated"]);
			expect(judged({ lines, runs, outages: [{ of: "provider-1", ...shorter }] }).rules).toEqual(["duplicated"]);
		});
	});
});
