interface Place<Thing> {
	readonly thing: Thing;
	before: Place<Thing> | undefined;
	after: Place<Thing> | undefined;
}

/**
 * Things in the order in which they were added, for the first of them to be taken and put behind the others again. Each of
 * these takes the same time however many there are, which a Map or a Set does not: its first entry is looked for behind all
 * that have been deleted since it was last made anew.
 */
export class Ring<Thing> {
	readonly #places = new Map<Thing, Place<Thing>>();
	#first: Place<Thing> | undefined;
	#last: Place<Thing> | undefined;

	get size(): number {
		return this.#places.size;
	}

	/** The one whose turn it is. */
	get first(): Thing | undefined {
		return this.#first?.thing;
	}

	/** It is the last one, if it was not there. @returns whether it was not */
	add(thing: Thing): boolean {
		if (this.#places.has(thing)) return false;
		const place: Place<Thing> = { thing, before: undefined, after: undefined };
		this.#places.set(thing, place);
		this.#append(place);
		return true;
	}

	/** @returns whether it was there */
	delete(thing: Thing): boolean {
		const place = this.#places.get(thing);
		if (place === undefined) return false;
		this.#places.delete(thing);
		this.#remove(place);
		return true;
	}

	/** It is the last one from now on, if it is there. */
	hasHadTurn(thing: Thing): void {
		const place = this.#places.get(thing);
		if (place === undefined) return;
		this.#remove(place);
		this.#append(place);
	}

	clear(): void {
		this.#places.clear();
		this.#first = undefined;
		this.#last = undefined;
	}

	/** All of them, beginning with the first. Not to be gone on with once one has been added or deleted. */
	*[Symbol.iterator](): Iterator<Thing> {
		for (let place = this.#first; place !== undefined; place = place.after) yield place.thing;
	}

	#append(place: Place<Thing>): void {
		place.before = this.#last;
		place.after = undefined;
		if (this.#last === undefined) this.#first = place;
		else this.#last.after = place;
		this.#last = place;
	}

	#remove({ before, after }: Place<Thing>): void {
		if (before === undefined) this.#first = after;
		else before.after = after;
		if (after === undefined) this.#last = before;
		else after.before = before;
	}
}
