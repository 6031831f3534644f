import type { RetryPolicy, Submission } from "@antiphon/delivery";
import type { Options } from "./options.js";
import type { Random } from "./random.js";
import { NEW, OLD, SERVICE } from "./wire.js";

/** A call that an application is going to make. Times in milliseconds. */
export interface Invocation {
	readonly caller: number;
	readonly at: number;
	readonly submission: Submission;
	/** An application that starts again does not know whether it has made it, and makes it again: it has a key for it. */
	readonly isRepeatable: boolean;
	/** Waits for its outcome. */
	readonly waits: boolean;
	readonly cancelAt: number | undefined;
}

/** What is not to expire has so long. */
export const DAY = 24 * 3_600_000;
const FUNCTIONS = 3;

/** All calls of a world. */
export function invocationsOf(options: Options, random: Random): Invocation[] {
	const policies = Array.from(
		{ length: FUNCTIONS },
		(): RetryPolicy => ({
			attempts: random.between(2, 5),
			backoffMs: random.spread(10, 2_000),
			maxBackoffMs: random.spread(2_000, 30_000),
			attemptMs: random.spread(2_000, 60_000),
			faults: ["busy"],
		}),
	);
	const all: Invocation[] = [];
	for (let number = 0; number < options.calls; number++) {
		const place = random.below(FUNCTIONS);
		const fn = `${SERVICE}.f${place}`;
		const at = random.below(options.faultyMs);
		const version = random.chance(options.newCalls) ? NEW : OLD;
		const isDelayed = random.chance(options.delayed);
		const afterMs = isDelayed ? random.spread(100, 300_000) : 0;
		const isCancelled = random.chance(options.cancels);
		const invocation: Invocation = {
			caller: random.below(options.callers),
			at,
			submission: {
				id: `c${number}`,
				call: callText(fn, number, version),
				delivery: place === 0 ? "at-least-once" : "effectively-once",
				afterMs,
				expiresMs: random.chance(options.expiring) ? afterMs + random.spread(100, 600_000) : DAY,
				orderKey: random.chance(options.orderKeys) ? `o${random.below(3)}` : undefined,
				retry: policies[place] as RetryPolicy,
			},
			isRepeatable: random.chance(0.5),
			waits: random.chance(0.8),
			cancelAt: isCancelled ? at + random.spread(1, 60_000) : undefined,
		};
		all.push(invocation);
		// The same call again, by a person that is not sure; or another one, by a program that is wrong.
		const again = { ...invocation, at: at + random.spread(1, 120_000), cancelAt: undefined };
		if (random.chance(options.keys)) all.push(again);
		if (random.chance(options.conflicts)) {
			const call = callText(fn, options.calls + number, version);
			all.push({ ...again, submission: { ...invocation.submission, call }, isRepeatable: false });
		}
	}
	return all.sort((one, other) => one.at - other.at);
}

function callText(fn: string, number: number, version: string): Submission["call"] {
	const text = `<call number='${number}'/>`;
	return { fn, version, text, digest: `${fn} ${text}` };
}
