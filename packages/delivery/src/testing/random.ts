/** Numbers that look random and are the same for the same seed: from 0 up to, not including, `below`. */
export type Random = (below: number) => number;

/** xorshift32. */
export function seeded(seed: number): Random {
	let state = seed | 1;
	return (below) => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		return (state >>> 0) % below;
	};
}
