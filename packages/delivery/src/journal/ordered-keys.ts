import type { Key } from "./journal.js";

/** Small enough that to insert into the middle of one costs little; large enough that a million keys are few of them. */
const CHUNK = 512;

/** A set of keys in order: a list of lists, none of them empty or longer than `CHUNK`. */
export class OrderedKeys {
	readonly #chunks: Key[][] = [];

	add(key: Key): void {
		const at = this.#chunkOf(key);
		const chunk = this.#chunks[at];
		if (chunk === undefined) {
			this.#chunks.push([key]);
			return;
		}
		const place = placeIn(chunk, key);
		if (chunk[place] === key) return;
		chunk.splice(place, 0, key);
		if (chunk.length > CHUNK) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK / 2));
	}

	delete(key: Key): void {
		const at = this.#chunkOf(key);
		const chunk = this.#chunks[at] ?? [];
		const place = placeIn(chunk, key);
		if (chunk[place] !== key) return;
		chunk.splice(place, 1);
		if (chunk.length === 0) this.#chunks.splice(at, 1);
	}

	/** The first `limit` from `from` up to, not including, `to`. */
	range(from: Key, to: Key, limit: number): Key[] {
		const found: Key[] = [];
		if (from >= to) return found;
		const first = this.#chunkOf(from);
		for (let at = first; at < this.#chunks.length && found.length < limit; at++) {
			const chunk = this.#chunks[at] as Key[];
			const [start, end] = [at === first ? placeIn(chunk, from) : 0, placeIn(chunk, to)];
			for (let i = start; i < end && found.length < limit; i++) found.push(chunk[i] as Key);
			if (end < chunk.length) break;
		}
		return found;
	}

	count(from: Key, to: Key): number {
		if (from >= to) return 0;
		const [first, last] = [this.#chunkOf(from), this.#chunkOf(to)];
		const before = (at: number, key: Key) => placeIn(this.#chunks[at] ?? [], key);
		let sum = before(last, to) - before(first, from);
		for (let at = first; at < last; at++) sum += (this.#chunks[at] as Key[]).length;
		return sum;
	}

	/** The last chunk whose first key is not behind `key`; the first one, if there is none. */
	#chunkOf(key: Key): number {
		let [low, high] = [0, this.#chunks.length];
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#chunks[middle]?.[0] as Key) <= key) low = middle + 1;
			else high = middle;
		}
		return Math.max(0, low - 1);
	}
}

/** Where a key stands among keys in order, or would. */
export function placeIn(keys: readonly Key[], key: Key): number {
	let [low, high] = [0, keys.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		if ((keys[middle] as Key) < key) low = middle + 1;
		else high = middle;
	}
	return low;
}
