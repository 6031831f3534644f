import { hash } from "node:crypto";
import type { Key } from "./journal.js";

const HALF = 2 ** 32;
/** Of the keys that these functions make, in characters. */
export const NUMBER_LENGTH = 8;

/**
 * A whole number as 8 characters, the highest byte first: such keys are in the order of their numbers.
 * @throws RangeError for what is not a whole number from 0 to 2^53 - 1
 */
export function numberKey(value: number): Key {
	if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no number for a key`);
	const [high, low] = [Math.floor(value / HALF), value % HALF];
	return String.fromCharCode(...bytesOf(high), ...bytesOf(low));
}

/** The number that stands in a key from the character `at` on. */
export function numberIn(key: Key, at: number): number {
	const half = (from: number) => [0, 1, 2, 3].reduce((sum, i) => sum * 256 + key.charCodeAt(from + i), 0);
	const value = half(at) * HALF + half(at + 4);
	if (!Number.isSafeInteger(value)) throw new RangeError(`there is no number in the key from ${at} on`);
	return value;
}

/** A list of texts of any length as 16 characters: the first bytes of the SHA-256 of the texts, each behind its length. */
export function hashKey(...texts: string[]): Key {
	return hash("sha256", texts.map((text) => `${text.length}:${text}`).join(""), "binary").slice(0, 16);
}

/** The first key behind all that begin with `prefix`: `keys(prefix, endOf(prefix), …)` are all of them. */
export function endOf(prefix: Key): Key {
	const kept = prefix.replace(/\xff+$/, "");
	if (kept === "") throw new RangeError("no key is behind all that begin like this");
	return kept.slice(0, -1) + String.fromCharCode(kept.charCodeAt(kept.length - 1) + 1);
}

function bytesOf(half: number): number[] {
	return [half >>> 24, (half >>> 16) & 0xff, (half >>> 8) & 0xff, half & 0xff];
}
