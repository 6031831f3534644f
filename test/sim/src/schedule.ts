/** What will happen, by time; what is due at the same time happens in the order in which it was asked for. */
export class Schedule {
	/** The time of the world, in milliseconds since it began. No clock in it has to agree. */
	now = 0;
	/** How many things have happened. */
	steps = 0;
	readonly #heap: Item[] = [];
	#made = 0;

	/** @returns what calls it off */
	at(time: number, action: () => void): () => void {
		const item: Item = { time: Math.max(time, this.now), number: this.#made++, action };
		this.#push(item);
		return () => {
			item.action = undefined;
		};
	}

	after(delayMs: number, action: () => void): () => void {
		return this.at(this.now + delayMs, action);
	}

	/** Lets the next thing happen. @returns false when there is none up to `until` */
	step(until: number): boolean {
		for (;;) {
			const next = this.#heap[0];
			if (next === undefined || next.time > until) {
				this.now = Math.max(this.now, until === Number.POSITIVE_INFINITY ? this.now : until);
				return false;
			}
			this.#pop();
			if (next.action === undefined) continue;
			this.now = next.time;
			this.steps++;
			next.action();
			return true;
		}
	}

	#push(item: Item): void {
		const heap = this.#heap;
		let place = heap.length;
		while (place > 0) {
			const above = (place - 1) >>> 1;
			const parent = heap[above] as Item;
			if (!isBefore(item, parent)) break;
			heap[place] = parent;
			place = above;
		}
		heap[place] = item;
	}

	#pop(): void {
		const heap = this.#heap;
		const last = heap.pop() as Item;
		if (heap.length === 0) return;
		let place = 0;
		for (;;) {
			let below = 2 * place + 1;
			if (below >= heap.length) break;
			if (below + 1 < heap.length && isBefore(heap[below + 1] as Item, heap[below] as Item)) below++;
			if (!isBefore(heap[below] as Item, last)) break;
			heap[place] = heap[below] as Item;
			place = below;
		}
		heap[place] = last;
	}
}

interface Item {
	readonly time: number;
	readonly number: number;
	action: (() => void) | undefined;
}

function isBefore(one: Item, other: Item): boolean {
	return one.time < other.time || (one.time === other.time && one.number < other.number);
}
