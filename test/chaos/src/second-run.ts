import type { DeedRun } from "#kit";
import type { Evidence, Story } from "./evidence.js";
import { EVERYBODY, type Life, type Outage } from "./history.js";

/**
 * For how long nothing is heard of a run before its lease is over, in milliseconds: the lease of 45 s, less what a busy machine
 * makes of it.
 */
export const SILENCE_MS = 35_000;
/** How far before a run what it was given may have been on its way: leases are not longer. */
const BEFORE_MS = 60_000;
/** By how much a run may seem to begin later than it was told to, on a busy machine. */
const SLACK_MS = 2_000;

/**
 * Why an effectively-once call must not have run again, if it has. A second run is allowed
 * - when the process of the run before has died since that began; or
 * - when nothing was heard of that run for as long as a lease lasts.
 *
 * When the caller has the outcome, nothing runs any more, except in a process that could not be heard of for as long, and
 * goes on with what it was once given.
 */
export function secondRun({ runs, settled }: Story, { lives, outages }: Evidence): string | undefined {
	const toldAt = Math.min(...settled.map(({ at }) => at));
	for (const [i, run] of runs.entries()) {
		if (run.at > toldAt + SLACK_MS && awayMs(run.instance, run.at, outages) < SILENCE_MS) {
			return `${nameOf(run)} began ${run.at - toldAt} ms after its outcome was known`;
		}
		const before = runs[i - 1];
		if (before === undefined || hasDied(before, run, lives) || wasSilent(before, run, outages)) continue;
		return `${nameOf(run)} began ${run.at - before.at} ms after ${nameOf(before)}, whose process lived on`;
	}
	return undefined;
}

function nameOf({ attempt, instance, pid }: DeedRun): string {
	return `attempt ${attempt} at ${instance} (${pid})`;
}

function hasDied(before: DeedRun, run: DeedRun, lives: readonly Life[]): boolean {
	const life = lives.find(({ name, pid }) => name === before.instance && pid === before.pid);
	return life?.to !== undefined && life.to <= run.at + SLACK_MS;
}

/** Its lease may have been given, and not renewed, some time before it began; or before it would have begun, if it is late. */
function wasSilent(before: DeedRun, run: DeedRun, outages: readonly Outage[]): boolean {
	const away = awayMs(before.instance, Math.min(before.at, run.at), outages);
	return away + Math.max(0, run.at - before.at) >= SILENCE_MS;
}

/** For how long, in all, a process could not be heard of shortly before a time. */
function awayMs(name: string, at: number, outages: readonly Outage[]): number {
	const start = at - BEFORE_MS;
	const own = outages.filter(({ of, from, to }) => (of === name || of === EVERYBODY) && to > start && from < at);
	let sum = 0;
	let counted = start;
	for (const { from, to } of own.toSorted((one, other) => one.from - other.from)) {
		sum += Math.max(0, Math.min(to, at) - Math.max(from, counted));
		counted = Math.max(counted, to);
	}
	return sum;
}
