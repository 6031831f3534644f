import type { Key, View, Write } from "../journal/journal.js";
import { placeIn } from "../journal/ordered-keys.js";
import type { Desk } from "./core.js";

/** A view with what one step has written in front of it, so that what it decides first counts for what comes after. */
export class Overlay implements Desk {
	readonly #view: View;
	readonly #bodies = new Map<Key, Uint8Array | undefined>();
	/** The keys of these, in order. */
	readonly #order: Key[] = [];

	constructor(view: View) {
		this.#view = view;
	}

	get writes(): readonly Write[] {
		return [...this.#bodies];
	}

	put(key: Key, body: Uint8Array): void {
		this.#write(key, body);
	}

	delete(key: Key): void {
		this.#write(key, undefined);
	}

	get(key: Key): Uint8Array | undefined {
		return this.#bodies.has(key) ? this.#bodies.get(key) : this.#view.get(key);
	}

	keys(from: Key, to: Key, limit: number): Key[] {
		const written = this.#written(from, to);
		// As many more as may turn out to be deleted.
		const stored = this.#view.keys(from, to, limit + written.length).filter((key) => !this.#bodies.has(key));
		const added = written.filter((key) => this.#bodies.get(key) !== undefined);
		return merged(stored, added).slice(0, limit);
	}

	count(from: Key, to: Key): number {
		const change = (key: Key) =>
			Number(this.#bodies.get(key) !== undefined) - Number(this.#view.get(key) !== undefined);
		return this.#written(from, to).reduce((sum, key) => sum + change(key), this.#view.count(from, to));
	}

	#write(key: Key, body: Uint8Array | undefined): void {
		if (!this.#bodies.has(key)) this.#order.splice(placeIn(this.#order, key), 0, key);
		this.#bodies.set(key, body);
	}

	#written(from: Key, to: Key): Key[] {
		return from < to ? this.#order.slice(placeIn(this.#order, from), placeIn(this.#order, to)) : [];
	}
}

/** Two lists in order as one. */
function merged(one: readonly Key[], other: readonly Key[]): Key[] {
	const all: Key[] = [];
	let [i, j] = [0, 0];
	while (i < one.length || j < other.length) {
		const isFirst = j === other.length || (i < one.length && (one[i] as Key) < (other[j] as Key));
		all.push((isFirst ? one[i++] : other[j++]) as Key);
	}
	return all;
}
