import type { InboxEvent, OutcomeText, Place, RunEffect } from "@antiphon/delivery";
import { BusError } from "@antiphon/protocol";

/**
 * Starts a run. `settle` gets its outcome once, by its deadline at the latest and also when it is aborted; `left` is called when
 * the handler is done, which may be later. Neither is called before this returns.
 * @returns what aborts it. @throws BusError when it cannot be started now
 */
export type StartRun = (
	run: RunEffect,
	settle: (outcome: OutcomeText) => void,
	left: () => void,
) => (reason: BusError) => void;

export interface LeasedRunsParts {
	readonly start: StartRun;
	tell(event: InboxEvent): void;
	/** There was no place for a call. @returns whether its domain will know, and gives no more until there is one */
	noPlace(place: Place): boolean;
}

/** A call that cannot be run here for now goes back to the domain, and no other comes for so long, in milliseconds. */
const NOT_NOW_MS = 1_000;
/** A call whose last run goes on when its time is over goes back until as much time again has passed, within these bounds. */
const STILL_RUNS_MS = { least: 1_000, most: 60_000 };

/** The last run of a call here. */
interface Run {
	readonly run: number;
	readonly place: string;
	/** Of the lease under which it came; the domain may have given it a later one since. */
	readonly token: number;
	/** `undefined` once it has ended, or when it has not begun. */
	abort: ((reason: BusError) => void) | undefined;
}

/**
 * Calls that were delivered to this process, until the domain knows what came of them.
 *
 * | a run is | to | when |
 * | --- | --- | --- |
 * | – | running | it was started |
 * | – | unreported | there was no place for it, or its handler of before goes on: it is to be handed back |
 * | running | unreported | its handler has ended, or its deadline has passed |
 * | running, unreported | over | its lease was lost |
 * | unreported | over | the domain has it, or does not take it |
 */
export class LeasedRuns {
	readonly #parts: LeasedRunsParts;
	/** By lease: all that has come and is not over. */
	readonly #runs = new Map<string, Run>();
	/** The leases of these, by their numbers. */
	readonly #leases = new Map<number, string>();
	/** Calls whose handlers have not come to their end: since when they have an outcome all the same. */
	readonly #handled = new Map<string, { endedMs: number | undefined }>();
	readonly #idle: { readonly place: string | undefined; readonly resolve: () => void }[] = [];

	constructor(parts: LeasedRunsParts) {
		this.#parts = parts;
	}

	get size(): number {
		return this.#runs.size;
	}

	/** How many of an instance have no outcome yet. */
	running(of: Place): number {
		const key = placeOf(of);
		let running = 0;
		for (const { place, abort } of this.#runs.values()) if (place === key && abort !== undefined) running++;
		return running;
	}

	/** Resolves when everything is over, or everything that has come to one instance. */
	whenIdle(place?: Place): Promise<void> {
		return new Promise((resolve) => {
			this.#idle.push({ place: place && placeOf(place), resolve });
			this.#tellIdle();
		});
	}

	start(effect: RunEffect): void {
		const { run, token } = effect;
		const lease = leaseOf(effect);
		// A redriven call is the same to its handler.
		const call = `${effect.domain}\n${effect.sender}\n${effect.origin ?? effect.id}`;
		const entry: Run = { run, place: placeOf(effect), token, abort: undefined };
		const before = this.#runs.get(lease);
		if (before !== undefined) this.#leases.delete(before.run);
		this.#runs.set(lease, entry);
		this.#leases.set(run, lease);
		const handled = this.#handled.get(call);
		if (handled !== undefined) {
			this.#parts.tell({ type: "unable", run, afterMs: stillRunsMs(handled.endedMs) });
			return;
		}
		const handler: { endedMs: number | undefined } = { endedMs: undefined };
		try {
			const settle = (outcome: OutcomeText) => {
				entry.abort = undefined;
				handler.endedMs = performance.now();
				this.#parts.tell({ type: "ended", run, outcome });
			};
			entry.abort = this.#parts.start(effect, settle, () => void this.#handled.delete(call));
			this.#handled.set(call, handler);
		} catch (thrown) {
			const { retryAfterMs = NOT_NOW_MS } = BusError.from(thrown);
			const isKnown = this.#parts.noPlace(effect);
			const pause = isKnown ? {} : { retryAfterMs: Math.max(NOT_NOW_MS, retryAfterMs) };
			this.#parts.tell({ type: "unable", run, ...pause });
		}
	}

	/** Its lease is lost: nobody wants to know what comes of it. */
	abort(run: number): void {
		const lease = this.#leases.get(run);
		const entry = lease === undefined ? undefined : this.#runs.get(lease);
		if (lease === undefined || entry?.run !== run) return;
		this.#over(lease, entry);
		entry.abort?.(new BusError("cancelled", "the lease of this call is over", { executed: "unknown" }));
	}

	/** The domain has what came of it, or has it back. */
	reported(told: { readonly domain: string; readonly n: number; readonly token: number }): void {
		const lease = leaseOf(told);
		const entry = this.#runs.get(lease);
		// Of a lease before it may be heard when the next one has come.
		if (entry !== undefined && told.token >= entry.token) this.#over(lease, entry);
	}

	#over(lease: string, { run }: Run): void {
		this.#runs.delete(lease);
		this.#leases.delete(run);
		if (this.#idle.length > 0) this.#tellIdle();
	}

	#tellIdle(): void {
		const busy = new Set([...this.#runs.values()].map(({ place }) => place));
		for (const waiting of this.#idle.splice(0)) {
			const isBusy = waiting.place === undefined ? busy.size > 0 : busy.has(waiting.place);
			if (isBusy) this.#idle.push(waiting);
			else waiting.resolve();
		}
	}
}

/** A handler that does not mind its signal goes on when its time is over: the longer it has, the longer it may. */
function stillRunsMs(endedMs: number | undefined): number {
	const { least, most } = STILL_RUNS_MS;
	return Math.min(most, Math.max(least, endedMs === undefined ? 0 : performance.now() - endedMs));
}

const placeOf = ({ domain, service, instance }: Place) => `${domain}\n${service}\n${instance}`;
const leaseOf = ({ domain, n }: { readonly domain: string; readonly n: number }) => `${domain}\n${n}`;
