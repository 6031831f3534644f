/**
 * Says something at most so many times (once, unless told otherwise) in a while, and then how often it was left unsaid: a
 * peer must not be able to fill a log.
 */
export class Seldom {
	readonly #everyMs: number;
	readonly #burst: number;
	#said = 0;
	#nextMs = Number.NEGATIVE_INFINITY;
	#unsaid = 0;

	constructor(everyMs: number, burst = 1) {
		this.#everyMs = everyMs;
		this.#burst = burst;
	}

	/** @param say gets what to append: empty, or how many times were left out since the last */
	say(say: (more: string) => void): void {
		const nowMs = performance.now();
		if (nowMs >= this.#nextMs) {
			this.#nextMs = nowMs + this.#everyMs;
			this.#said = 0;
		}
		if (this.#said >= this.#burst) {
			this.#unsaid++;
			return;
		}
		this.#said++;
		const more = this.#unsaid === 0 ? "" : ` (and ${this.#unsaid} more since the last such line)`;
		this.#unsaid = 0;
		say(more);
	}
}
