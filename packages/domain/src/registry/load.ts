/** Renewals in a row that settle whether an instance is at its limit: about a lease. */
const SETTLED = 3;

/**
 * Whether an instance is at its limit. Renewals tell of moments: one that is busy is full in this and has room in the next.
 * So it takes some more renewals of the one kind than of the other to change it.
 */
export class Load {
	#full = 0;
	isFull = false;

	/** A renewal tells. */
	heard(isFull: boolean): void {
		this.#full = Math.min(SETTLED, Math.max(0, this.#full + (isFull ? 1 : -1)));
		if (this.#full === SETTLED) this.isFull = true;
		if (this.#full === 0) this.isFull = false;
	}
}
