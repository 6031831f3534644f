/** Counts by key, such as what each account has: a key without anything takes no room. */
export class Tally {
	readonly #counts = new Map<string, number>();

	of(key: string): number {
		return this.#counts.get(key) ?? 0;
	}

	/** @param by may be negative */
	add(key: string, by: number): void {
		const count = this.of(key) + by;
		if (count === 0) this.#counts.delete(key);
		else this.#counts.set(key, count);
	}
}
