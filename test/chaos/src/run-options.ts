import type { ServerKind } from "#kit";

/** What a run is like. Times in milliseconds. */
export interface RunOptions {
	readonly server: ServerKind;
	readonly seed: number;
	/** For how long things break. */
	readonly faultsMs: number;
	/** Between two faults, on average. */
	readonly everyMs: number;
	/** How long everything may take to settle when nothing breaks any more. */
	readonly settleMs: number;
	readonly callers: number;
	readonly providers: number;
	/** Calls of all callers in all, at most, and a second. */
	readonly calls: number;
	readonly perSecond: number;
	/** Runs take up to this long. */
	readonly maxRunMs: number;
	/** Ends the run early: it rejects, with nothing left behind. */
	readonly signal?: AbortSignal;
	/** Is told what happens. */
	say(line: string): void;
}
