/**
 * Which serials of a session have come: exact, without a clock. Every serial below the low mark, which the sender moves up
 * when it has nothing in flight below, counts as seen. So a copy is told from a first however late it comes, and in whatever
 * order they come.
 *
 * Above the mark as many are kept as may be in flight. Above that bound a serial is `beyond`: not taken, and not seen.
 */
export class SerialWindow {
	readonly #max: number;
	readonly #seen = new Set<number>();
	#low = 0;

	/** @param max how many may be in flight at once */
	constructor(max: number) {
		this.#max = max;
	}

	/** Everything below is over. The mark does not go down. */
	raise(low: number): void {
		if (low <= this.#low) return;
		if (low - this.#low < this.#seen.size) {
			for (let serial = this.#low; serial < low; serial++) this.#seen.delete(serial);
		} else {
			for (const serial of this.#seen) if (serial < low) this.#seen.delete(serial);
		}
		this.#low = low;
	}

	/** Whether this one comes for the first time; from then on it has been seen. */
	take(serial: number): "first" | "seen" | "beyond" {
		if (serial < this.#low || this.#seen.has(serial)) return "seen";
		if (this.#seen.size >= this.#max) return "beyond";
		this.#seen.add(serial);
		return "first";
	}
}
