/** Counts by key, and which key has most: every step takes the same short time, however many keys there are. */
export class Ranking {
	readonly #counts = new Map<string, number>();
	/** The keys with that count, in the order in which they came to it. */
	readonly #keys = new Map<number, Set<string>>();
	#most = 0;

	of(key: string): number {
		return this.#counts.get(key) ?? 0;
	}

	/** One of those with most; `undefined` if there is none. */
	get most(): string | undefined {
		const [first] = this.#keys.get(this.#most) ?? [];
		return first;
	}

	/** It has one more. */
	add(key: string): void {
		const count = this.of(key) + 1;
		this.#move(key, count);
		this.#most = Math.max(this.#most, count);
	}

	/** It has one fewer, and takes no room when it has none. */
	remove(key: string): void {
		const count = this.of(key);
		if (count === 0) return;
		this.#move(key, count - 1);
		if (!this.#keys.has(this.#most)) this.#most--;
	}

	#move(key: string, count: number): void {
		const before = this.of(key);
		const same = this.#keys.get(before);
		same?.delete(key);
		if (same?.size === 0) this.#keys.delete(before);
		if (count === 0) this.#counts.delete(key);
		else {
			this.#counts.set(key, count);
			this.#keys.set(count, (this.#keys.get(count) ?? new Set()).add(key));
		}
	}
}
