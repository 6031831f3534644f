export interface BackOff {
	/** Before the second attempt, in milliseconds; doubled before each further one. */
	readonly firstMs: number;
	readonly maxMs: number;
}

/**
 * How long to wait after so many attempts: half of it fixed, half of it spread, so that what has failed together does not
 * come again together. There is no randomness in it: what is waited for, and the attempt, say where in the spread.
 * @param attempts how many there were, at least 1
 * @param key what is waited for
 * @returns whole milliseconds
 */
export function backOffMs({ firstMs, maxMs }: BackOff, attempts: number, key: string): number {
	// Beyond that any first wait is longer than any longest one.
	const wholeMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempts - 1, 40));
	return Math.round((wholeMs / 2) * (1 + spread(`${attempts}\n${key}`)));
}

/** A number from 0 up to 1 for a text: FNV-1a, and the mixing of MurmurHash3 for what is alike in its beginning. */
export function spread(text: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
