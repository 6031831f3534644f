/** How slow it gets, as a part of what is done otherwise. */
const SLOWEST = 1 / 512;

/** How much is done in one step: less, for a while, after one that has found no room, as less may find some. */
export class Pace {
	#part = 1;

	/** The last step was not stored. */
	slower(): void {
		this.#part = Math.max(SLOWEST, this.#part / 4);
	}

	/** Another step begins. */
	begin(): void {
		this.#part = Math.min(1, this.#part * 2);
	}

	/** @param most of something in a step */
	of(most: number): number {
		return Math.max(1, Math.floor(most * this.#part));
	}
}
