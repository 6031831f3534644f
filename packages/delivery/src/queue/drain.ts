import { spread } from "../engine/back-off.js";

const SECONDS = 10;
const LEAST_MS = 500;
const MOST_MS = 60_000;

/** How fast calls are settled, for a guess of when there will be room. */
export class Drain {
	/** Of each of the last seconds, and which second that was. */
	readonly #counts = Array.from({ length: SECONDS }, () => ({ second: -1, count: 0 }));

	settled(up: number): void {
		const second = Math.floor(up / 1_000);
		const slot = this.#counts[second % SECONDS] as { second: number; count: number };
		if (slot.second !== second) Object.assign(slot, { second, count: 0 });
		slot.count++;
	}

	/**
	 * When it is worth another try, in milliseconds: not the same for everybody.
	 * @param excess how many are to be settled before
	 */
	retryAfterMs(excess: number, up: number, who: string): number {
		const second = Math.floor(up / 1_000);
		const recent = this.#counts.filter((slot) => slot.second > second - SECONDS);
		const perMs = recent.reduce((sum, { count }) => sum + count, 0) / (SECONDS * 1_000);
		const wholeMs = perMs === 0 ? MOST_MS : Math.min(MOST_MS, Math.max(LEAST_MS, excess / perMs));
		return this.around(wholeMs, who);
	}

	/** A time that is not the same for everybody. */
	around(wholeMs: number, who: string): number {
		return Math.round(wholeMs * (0.75 + spread(who) / 2));
	}
}
