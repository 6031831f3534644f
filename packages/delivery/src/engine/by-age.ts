interface Aged {
	/** When it became what it is. */
	readonly at: number;
	/** Which of those of the same time is the older one: so that the order does not depend on who was put first. */
	readonly tie: string;
}

/** Things by their age, the oldest first. New ones are among the youngest. */
export class ByAge<T> {
	readonly #aged = new Map<T, Aged>();
	#order: T[] = [];
	/** Of the oldest in the order; what stands before has gone. */
	#head = 0;

	get size(): number {
		return this.#aged.size;
	}

	add(item: T, at: number, tie: string): void {
		const aged = { at, tie };
		this.#aged.set(item, aged);
		let place = this.#order.length;
		while (place > this.#head && isOlder(aged, this.#aged.get(this.#order[place - 1] as T))) place--;
		this.#order.splice(place, 0, item);
	}

	/** Also of what is not here. */
	delete(item: T): void {
		if (!this.#aged.has(item)) return;
		if (this.#order[this.#head] === item) this.#head++;
		else this.#order.splice(this.#order.indexOf(item, this.#head), 1);
		this.#aged.delete(item);
		// What has gone is let go when it is as much as what is there.
		if (this.#head > this.#aged.size) {
			this.#order = this.#order.slice(this.#head);
			this.#head = 0;
		}
	}

	oldest(): { readonly item: T; readonly at: number } | undefined {
		const item = this.#order[this.#head];
		return item === undefined ? undefined : { item, at: (this.#aged.get(item) as Aged).at };
	}

	clear(): void {
		this.#aged.clear();
		this.#order = [];
		this.#head = 0;
	}
}

function isOlder(one: Aged, other: Aged | undefined): boolean {
	return other !== undefined && (one.at < other.at || (one.at === other.at && one.tie < other.tie));
}
