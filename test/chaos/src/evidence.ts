import type { DeedRun } from "#kit";
import type { CallerLine, DurableDelivery, Life, Outage, Outcome } from "./history.js";

/** Everything that is known when all is over. */
export interface Evidence {
	readonly lines: readonly CallerLine[];
	readonly runs: readonly DeedRun[];
	readonly lives: readonly Life[];
	readonly outages: readonly Outage[];
	/**
	 * What the domain said in the end to somebody who kept nothing himself, by call id; `undefined` for a call whose outcome it
	 * did not have. A call that is not here was not asked about.
	 */
	readonly audit: ReadonlyMap<string, Outcome | undefined>;
}

/** What is known of one call. */
export interface Story {
	readonly n: number;
	delivery: DurableDelivery;
	callId?: string;
	refused?: Extract<CallerLine, { is: "refused" }>;
	readonly settled: Extract<CallerLine, { is: "settled" }>[];
	/** In the order of their attempts: one that is late may begin after the next. */
	readonly runs: DeedRun[];
}

/** By call. */
export function storiesOf({ lines, runs }: Evidence): ReadonlyMap<number, Story> {
	const stories = new Map<number, Story>();
	const of = (n: number): Story => {
		const story = stories.get(n) ?? { n, delivery: "effectively-once", settled: [], runs: [] };
		stories.set(n, story);
		return story;
	};
	for (const line of lines) {
		if (line.is === "begun") of(line.n).delivery = line.delivery;
		else if (line.is === "accepted") of(line.n).callId = line.callId;
		else if (line.is === "refused") of(line.n).refused = line;
		else if (line.is === "settled") of(line.n).settled.push(line);
	}
	for (const run of runs.toSorted((one, other) => one.attempt - other.attempt || one.at - other.at))
		of(run.n).runs.push(run);
	return stories;
}
