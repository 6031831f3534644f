import { BusError } from "@antiphon/protocol";

const RETRY_AFTER_MS = 100;

/**
 * Counts what runs, in all and for each key, against a bound. Nothing waits: what does not fit is refused at once, so
 * that the caller can go elsewhere while its deadline lasts.
 */
export class Admission {
	readonly #what: string;
	readonly #max: number;
	readonly #maxPerKey: number;
	readonly #perKey = new Map<string, number>();
	readonly #waiting: (() => void)[] = [];
	#running = 0;

	constructor(what: string, max: number, maxPerKey = max) {
		this.#what = what;
		this.#max = max;
		this.#maxPerKey = maxPerKey;
	}

	get running(): number {
		return this.#running;
	}

	/** @returns what gives the place back; call it once. @throws BusError `overloaded` */
	enter(key: string): () => void {
		const own = this.#perKey.get(key) ?? 0;
		if (this.#running >= this.#max || own >= this.#maxPerKey) {
			const message = `${this.#what} is at its limit of ${own >= this.#maxPerKey ? `${own} calls from one caller` : `${this.#running} calls`}`;
			throw new BusError("overloaded", message, { retryAfterMs: RETRY_AFTER_MS });
		}
		this.#running++;
		this.#perKey.set(key, own + 1);
		return () => this.#leave(key);
	}

	/** Resolves when nothing runs. */
	whenIdle(): Promise<void> {
		return new Promise((resolve) => {
			if (this.#running === 0) resolve();
			else this.#waiting.push(resolve);
		});
	}

	#leave(key: string): void {
		this.#running--;
		if (this.#running === 0) for (const resolve of this.#waiting.splice(0)) resolve();
		const left = (this.#perKey.get(key) ?? 1) - 1;
		if (left === 0) this.#perKey.delete(key);
		else this.#perKey.set(key, left);
	}
}
