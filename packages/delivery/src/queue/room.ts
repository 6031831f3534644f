/** What new calls may take of the room that the journal has. It is told now and then; what has come since is counted here. */
export class Room {
	#leftBytes = Number.POSITIVE_INFINITY;

	get leftBytes(): number {
		return this.#leftBytes;
	}

	tell(leftBytes: number): void {
		this.#leftBytes = leftBytes;
	}

	/** There is more in the journal. What there is less of is told: it is not free at once. */
	take(bytes: number): void {
		this.#leftBytes -= Math.max(0, bytes);
	}
}
