import { type Evidence, type Story, storiesOf } from "./evidence.js";
import type { Outcome } from "./history.js";
import { secondRun } from "./second-run.js";

/** What is wrong with a call. */
export interface Finding {
	readonly n: number;
	readonly rule: "lost" | "duplicated" | "unsettled" | "untrue";
	readonly what: string;
}

export interface Verdict {
	/** Nothing is wrong with any call. */
	readonly ok: boolean;
	readonly begun: number;
	/** Calls that were promised. */
	readonly accepted: number;
	/** Of these, those that have an outcome. */
	readonly settled: number;
	/** Accepted and gone: nobody knows of it, its outcome says that it did not run, or there is no run that could have given it. */
	readonly lost: number;
	/** Effects of effectively-once calls that came twice where that is not allowed; also when one call was taken for two. */
	readonly duplicated: number;
	/** Begun, and neither refused nor settled. */
	readonly unsettled: number;
	/** An outcome that no run has given, two that differ, or a run of what was refused as not having run. */
	readonly untrue: number;
	/** Settled with an outcome that does not say whether it has run: given up after its attempts. */
	readonly unknown: number;
	readonly refused: number;
	readonly runs: number;
	/** Runs beyond the first of a call: a dead process, a lost lease or at-least-once allows them. */
	readonly repeated: number;
	readonly findings: readonly Finding[];
}

/** Compares what has happened with what was promised. */
export function judge(evidence: Evidence): Verdict {
	const stories = storiesOf(evidence);
	const findings = [...stories.values()].flatMap((story) => {
		return [lost(story, evidence), duplicated(story, evidence), unsettled(story), untrue(story, evidence)].filter(
			(each) => each !== undefined,
		);
	});
	const count = (rule: Finding["rule"]) => findings.filter((each) => each.rule === rule).length;
	const all = [...stories.values()];
	const accepted = all.filter(({ callId }) => callId !== undefined);
	return {
		ok: findings.length === 0,
		begun: all.length,
		accepted: accepted.length,
		settled: accepted.filter(({ settled }) => settled.length > 0).length,
		lost: count("lost"),
		duplicated: count("duplicated"),
		unsettled: count("unsettled"),
		untrue: count("untrue"),
		unknown: accepted.filter(({ settled: [first] }) => first !== undefined && isUnknown(first.outcome)).length,
		refused: all.filter(({ refused }) => refused !== undefined).length,
		runs: evidence.runs.length,
		repeated: all.reduce((sum, { runs }) => sum + Math.max(0, runs.length - 1), 0),
		findings,
	};
}

function isUnknown(outcome: Outcome): boolean {
	return outcome.is === "error" && outcome.executed === "unknown" && !FORGOTTEN.includes(outcome.code);
}

/** What is said of a call that was accepted, and of which nobody knows any more. */
const FORGOTTEN: readonly string[] = ["not-found", "protocol"];

function lost({ n, callId, settled, runs }: Story, { audit }: Evidence): Finding | undefined {
	const outcome = settled[0]?.outcome;
	const finding = (what: string): Finding => ({ n, rule: "lost", what });
	if (callId === undefined || outcome === undefined) return undefined;
	if (outcome.is === "error" && FORGOTTEN.includes(outcome.code)) return finding(`nobody knows it: ${outcome.code}`);
	if (outcome.is === "error" && outcome.executed === "no") return finding(`it was not run: ${outcome.code}`);
	if (outcome.is === "ok" && runs.length === 0) return finding("it has an output, and was never run");
	if (audit.has(callId) && audit.get(callId) === undefined) return finding("its domain has no outcome of it");
	return undefined;
}

function duplicated(story: Story, evidence: Evidence): Finding | undefined {
	const { n, runs } = story;
	const ids = new Set(runs.map(({ callId }) => callId));
	if (ids.size > 1) return { n, rule: "duplicated", what: `it was run as ${[...ids].join(" and as ")}` };
	if (story.delivery !== "effectively-once") return undefined;
	const what = secondRun(story, evidence);
	return what === undefined ? undefined : { n, rule: "duplicated", what };
}

function unsettled({ n, callId, refused, settled, runs }: Story): Finding | undefined {
	if (refused !== undefined || settled.length > 0) return undefined;
	const what = callId === undefined ? "nobody knows whether it was accepted" : "it was accepted, and has no outcome";
	return { n, rule: "unsettled", what: `${what}; it ran ${runs.length} times` };
}

function untrue({ n, callId, refused, settled, runs }: Story, { audit }: Evidence): Finding | undefined {
	const finding = (what: string): Finding => ({ n, rule: "untrue", what });
	const last = callId === undefined ? undefined : audit.get(callId);
	const told = [...settled.map(({ outcome }) => outcome), ...(last === undefined ? [] : [last])];
	const different = new Set(told.map((outcome) => JSON.stringify(outcome)));
	if (different.size > 1) return finding(`it has two outcomes: ${[...different].join(" and ")}`);
	const [outcome] = told;
	if (outcome?.is === "ok" && runs.length > 0 && !runs.some(({ instance }) => instance === outcome.value)) {
		return finding(`its output is that of ${outcome.value}, which did not run it`);
	}
	const isSaidNotRun = outcome?.is === "error" ? outcome.executed === "no" : refused?.executed === "no";
	if (isSaidNotRun && runs.length > 0) return finding("it is said not to have run, and has");
	return undefined;
}
