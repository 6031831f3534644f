interface Entry {
	readonly key: string;
	readonly at: number;
}

/** Below this many there is nothing worth tidying up. */
const FEW = 64;

/**
 * What is due when: a time for each key. What is due at the same time is in the order of keys, so that it does not matter in
 * which order the times were set.
 */
export class Timetable {
	readonly #times = new Map<string, number>();
	/** A binary heap, the earliest first. An entry whose key has another time by now, or none, is over. */
	#heap: Entry[] = [];

	get size(): number {
		return this.#times.size;
	}

	get(key: string): number | undefined {
		return this.#times.get(key);
	}

	set(key: string, at: number): void {
		if (this.#times.get(key) === at) return;
		this.#times.set(key, at);
		this.#push({ key, at });
		if (this.#heap.length > 2 * this.#times.size + FEW) this.#tidy();
	}

	delete(key: string): void {
		this.#times.delete(key);
	}

	clear(): void {
		this.#times.clear();
		this.#heap = [];
	}

	/** The earliest of the times. */
	next(): number | undefined {
		this.#dropOver();
		return this.#heap[0]?.at;
	}

	/** Takes out what is due first, if it is due at `now`. */
	take(now: number): string | undefined {
		this.#dropOver();
		const [first] = this.#heap;
		if (first === undefined || first.at > now) return undefined;
		this.#pop();
		this.#times.delete(first.key);
		return first.key;
	}

	#dropOver(): void {
		for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
			if (this.#times.get(first.key) === first.at) return;
			this.#pop();
		}
	}

	#tidy(): void {
		this.#heap = [];
		for (const [key, at] of this.#times) this.#push({ key, at });
	}

	#push(entry: Entry): void {
		const heap = this.#heap;
		let i = heap.length;
		while (i > 0) {
			const parent = (i - 1) >> 1;
			if (!isBefore(entry, heap[parent] as Entry)) break;
			heap[i] = heap[parent] as Entry;
			i = parent;
		}
		heap[i] = entry;
	}

	#pop(): void {
		const heap = this.#heap;
		const last = heap.pop();
		if (last === undefined || heap.length === 0) return;
		let i = 0;
		for (;;) {
			let child = 2 * i + 1;
			if (child >= heap.length) break;
			const right = heap[child + 1];
			if (right !== undefined && isBefore(right, heap[child] as Entry)) child++;
			if (!isBefore(heap[child] as Entry, last)) break;
			heap[i] = heap[child] as Entry;
			i = child;
		}
		heap[i] = last;
	}
}

function isBefore(one: Entry, other: Entry): boolean {
	return one.at < other.at || (one.at === other.at && one.key < other.key);
}
