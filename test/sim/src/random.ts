/**
 * Random numbers from a seed: sfc32 by Chris Doty-Humphrey, small, fast, and the same everywhere. Each part of a world has a
 * stream of its own, so that one which draws more does not change what the others draw.
 */
export class Random {
	#a: number;
	#b: number;
	#c: number;
	#counter = 1;
	readonly #seed: number;

	constructor(seed: number, stream = "") {
		this.#seed = seed;
		this.#a = hash(stream, seed);
		this.#b = hash(stream, this.#a);
		this.#c = hash(stream, this.#b);
		for (let i = 0; i < 12; i++) this.#draw();
	}

	/** Another stream of the same seed. */
	stream(name: string): Random {
		return new Random(this.#seed, name);
	}

	/** From 0 up to, not including, 1. */
	fraction(): number {
		return this.#draw() / 0x1_0000_0000;
	}

	/** A whole number from 0 up to, not including, `end`. */
	below(end: number): number {
		return Math.floor(this.fraction() * end);
	}

	/** A whole number, both ends included. */
	between(least: number, most: number): number {
		return least + this.below(most - least + 1);
	}

	chance(probability: number): boolean {
		return probability > 0 && this.fraction() < probability;
	}

	/** @throws RangeError for an empty list */
	pick<Item>(list: readonly Item[]): Item {
		const item = list[this.below(list.length)];
		if (item === undefined) throw new RangeError("there is nothing to pick from");
		return item;
	}

	/** Each as likely as between any two other powers of ten: most are small and a few are huge. */
	spread(least: number, most: number): number {
		return Math.round(least * (most / least) ** this.fraction());
	}

	#draw(): number {
		const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
		this.#counter = (this.#counter + 1) | 0;
		this.#a = this.#b ^ (this.#b >>> 9);
		this.#b = (this.#c + (this.#c << 3)) | 0;
		this.#c = (this.#c << 21) | (this.#c >>> 11);
		this.#c = (this.#c + sum) | 0;
		return sum >>> 0;
	}
}

/** FNV-1a of a text, from a start. */
export function hash(text: string, start = 0): number {
	let sum = (0x811c9dc5 ^ start) >>> 0;
	for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193) >>> 0;
	// The last characters reach all bits.
	sum = Math.imul(sum ^ (sum >>> 15), 0x2c1b3c6d);
	return (sum ^ (sum >>> 12)) >>> 0;
}
