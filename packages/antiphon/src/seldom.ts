/** Says something at most once in a while, and then how often it was left unsaid: a peer must not be able to fill a log. */
export class Seldom {
	readonly #everyMs: number;
	#nextMs = Number.NEGATIVE_INFINITY;
	#unsaid = 0;

	constructor(everyMs: number) {
		this.#everyMs = everyMs;
	}

	/** @param say gets what to append: empty, or how many times were left out since the last */
	say(say: (more: string) => void): void {
		const nowMs = performance.now();
		if (nowMs < this.#nextMs) {
			this.#unsaid++;
			return;
		}
		const more = this.#unsaid === 0 ? "" : ` (and ${this.#unsaid} more since the last such line)`;
		this.#nextMs = nowMs + this.#everyMs;
		this.#unsaid = 0;
		say(more);
	}
}
