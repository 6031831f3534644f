/** A round trip takes no longer than this, until an answer has shown that it takes less. In milliseconds. */
const MAX_ROUND_TRIP_MS = 500;
/** 3 kB/s, the lowest rate limit that a server's distribution sets: nothing is taken for slower. */
const SLOWEST_BYTES_PER_MS = 3;
/** What was slow is believed to be so much faster after each fast answer. A rate limit lets bursts pass. */
const GROWTH = 1.25;

/**
 * How fast the server deals with what it is sent, in bytes per millisecond, as far as the answers to pings show: what was
 * waiting for it when the ping was sent, by the time that the answer took longer than the fastest of all.
 *
 * The faster of the last two counts: one answer may be late because somebody was busy. While an answer is out, the rate
 * can be no higher than what it would show if it came now. Infinity as long as nothing was slow; after that, it grows by a
 * quarter with each answer at most.
 */
export class Pace {
	#fastestMs = MAX_ROUND_TRIP_MS;
	#last = Number.POSITIVE_INFINITY;
	#beforeLast = Number.POSITIVE_INFINITY;

	get bytesPerMs(): number {
		return Math.max(SLOWEST_BYTES_PER_MS, this.#last, this.#beforeLast);
	}

	/** No answer has come for `ageMs` to a ping that was sent behind so many bytes. */
	atMost(bytes: number, ageMs: number): number {
		return Math.max(SLOWEST_BYTES_PER_MS, Math.min(this.bytesPerMs, this.#rate(bytes, ageMs)));
	}

	/** The answer took this long to come. */
	answered(tookMs: number): void {
		this.#fastestMs = Math.min(this.#fastestMs, tookMs);
	}

	/** And its ping was sent behind so many bytes that this tells something. After {@link answered}. */
	tells(bytes: number, tookMs: number): void {
		const atMost = this.bytesPerMs * GROWTH;
		this.#beforeLast = this.#last;
		this.#last = Math.min(atMost, this.#rate(bytes, tookMs));
	}

	/** There are no answers to go by. */
	forget(): void {
		this.#last = this.#beforeLast = Number.POSITIVE_INFINITY;
	}

	#rate(bytes: number, tookMs: number): number {
		const overMs = tookMs - this.#fastestMs;
		return overMs > 0 ? bytes / overMs : Number.POSITIVE_INFINITY;
	}
}
