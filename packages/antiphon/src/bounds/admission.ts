import { BusError, Tally } from "@antiphon/protocol";

const RETRY_AFTER_MS = 100;

/**
 * Counts what runs, in all and for each key, against a bound. Nothing waits: what does not fit is refused at once, so
 * that the caller can go elsewhere while its deadline lasts.
 */
export class Admission {
	readonly #what: string;
	readonly #max: number;
	readonly #maxPerKey: number;
	readonly #perKey = new Tally();
	readonly #waiting: (() => void)[] = [];
	#running = 0;
	#refusing = false;
	/** When something ran the last time; at first, when it could have. */
	#ranMs = performance.now();

	constructor(what: string, max: number, maxPerKey = max) {
		this.#what = what;
		this.#max = max;
		this.#maxPerKey = maxPerKey;
	}

	get running(): number {
		return this.#running;
	}

	get max(): number {
		return this.#max;
	}

	/** How many more may run, of all keys together. */
	get free(): number {
		return this.#max - this.#running;
	}

	/** How long nothing has run, in milliseconds. */
	get idleMs(): number {
		return this.#running > 0 ? 0 : performance.now() - this.#ranMs;
	}

	get isRefusing(): boolean {
		return this.#refusing;
	}

	/** From now on everything is refused with `unavailable`; what runs goes on. */
	refuse(): void {
		this.#refusing = true;
	}

	/** Takes a place; {@link leave} gives it back. @throws BusError `overloaded`, `unavailable` */
	enter(key: string): void {
		if (this.#refusing) throw new BusError("unavailable", `${this.#what} is draining`);
		if (this.#running >= this.#max) throw this.#overloaded(`${this.#max} calls`);
		if (this.#perKey.of(key) >= this.#maxPerKey) throw this.#overloaded(`${this.#maxPerKey} calls from one caller`);
		this.#running++;
		this.#perKey.add(key, 1);
	}

	/** Once for each {@link enter}. */
	leave(key: string): void {
		this.#running--;
		this.#ranMs = performance.now();
		if (this.#running === 0) for (const resolve of this.#waiting.splice(0)) resolve();
		this.#perKey.add(key, -1);
	}

	/** Resolves when nothing runs. */
	whenIdle(): Promise<void> {
		return new Promise((resolve) => {
			if (this.#running === 0) resolve();
			else this.#waiting.push(resolve);
		});
	}

	#overloaded(limit: string): BusError {
		return new BusError("overloaded", `${this.#what} is at its limit of ${limit}`, { retryAfterMs: RETRY_AFTER_MS });
	}
}
