import {
	addDurations,
	type BusError,
	DURATION_BUCKETS,
	durationBucket,
	type FunctionReport,
	type LastError,
} from "@antiphon/protocol";

/** Durations are of the last one to two of these, in milliseconds. */
const WINDOW_MS = 60_000;
/** Of an error that is kept. */
const MAX_MESSAGE_CHARS = 256;

/**
 * What the calls of a service came to, by function. A call costs O(1), and what is kept does not grow: counts, the last
 * error, and how long calls took in two windows that take turns.
 */
export class CallStats {
	readonly #now: () => number;
	readonly #functions = new Map<string, FunctionStats>();

	/** @param now milliseconds of a clock that only goes forward */
	constructor(functions: readonly string[], now: () => number) {
		this.#now = now;
		for (const fn of functions) this.#functions.set(fn, new FunctionStats());
	}

	/** A call of a function has begun. @returns what is to be called when it has ended, once, with the error if it did so */
	begin(fn: string): (error: BusError | undefined) => void {
		const stats = this.#functions.get(fn);
		if (stats === undefined) return () => {};
		const startMs = this.#now();
		stats.running++;
		return (error) => {
			const nowMs = this.#now();
			stats.ended(nowMs - startMs, nowMs, error);
		};
	}

	/** @param fn one function, in whatever case; left out, all of them */
	report(fn?: string): FunctionReport[] {
		const wanted = fn?.toLowerCase();
		const found = [...this.#functions].filter(([name]) => wanted === undefined || name.toLowerCase() === wanted);
		return found.map(([name, stats]) => stats.report(name, this.#now()));
	}
}

class FunctionStats {
	calls = 0;
	errors = 0;
	running = 0;
	#lastError: (Omit<LastError, "agoMs"> & { readonly atMs: number }) | undefined;
	/** Made with the first call: of many functions most may never be called. */
	#window: Uint32Array | undefined;
	#windowBefore: Uint32Array | undefined;
	#windowEndMs = 0;

	ended(tookMs: number, nowMs: number, error: BusError | undefined): void {
		this.running--;
		this.calls++;
		if (error !== undefined) {
			this.errors++;
			this.#lastError = { code: error.code, message: error.message.slice(0, MAX_MESSAGE_CHARS), atMs: nowMs };
		}
		if (nowMs >= this.#windowEndMs) this.#turn(nowMs);
		const window = this.#window as Uint32Array;
		const bucket = durationBucket(tookMs);
		window[bucket] = (window[bucket] as number) + 1;
	}

	report(fn: string, nowMs: number): FunctionReport {
		if (this.#window !== undefined && nowMs >= this.#windowEndMs) this.#turn(nowMs);
		const durations = new Array<number>(DURATION_BUCKETS).fill(0);
		if (this.#window !== undefined) addDurations(durations, this.#window);
		if (this.#windowBefore !== undefined) addDurations(durations, this.#windowBefore);
		const { calls, errors, running } = this;
		return { fn, calls, errors, running, lastError: this.#lastErrorAt(nowMs), durations };
	}

	/** A window has ended: it becomes the one before, unless that is over as well. */
	#turn(nowMs: number): void {
		const isRecent = nowMs < this.#windowEndMs + WINDOW_MS;
		const spare = this.#windowBefore ?? new Uint32Array(DURATION_BUCKETS);
		const ended = this.#window ?? new Uint32Array(DURATION_BUCKETS);
		if (!isRecent) ended.fill(0);
		this.#windowBefore = ended;
		this.#window = spare.fill(0);
		this.#windowEndMs = isRecent ? this.#windowEndMs + WINDOW_MS : nowMs + WINDOW_MS;
	}

	#lastErrorAt(nowMs: number): LastError | undefined {
		if (this.#lastError === undefined) return undefined;
		const { atMs, ...error } = this.#lastError;
		return { ...error, agoMs: nowMs - atMs };
	}
}
