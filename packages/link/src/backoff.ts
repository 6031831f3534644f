export interface BackoffSettings {
	/** Never wait less, in milliseconds. */
	readonly minMs: number;
	/** Never wait longer, in milliseconds. */
	readonly maxMs: number;
}

/**
 * How long to wait after the given number of failures in a row (1, 2, 3, …), in milliseconds: anywhere between `minMs`
 * and a ceiling that starts at twice that and doubles up to `maxMs`. The whole stretch is random, so that a thousand
 * nodes whose server came back don't all knock at once. What counts as a failure in a row, and which `maxMs` holds when,
 * is in retry-policy.ts.
 *
 * @param random uniform in [0, 1)
 */
export function backoffMs(failures: number, settings: BackoffSettings, random: () => number): number {
	// 2 ** 1024 is Infinity, which Math.min takes in its stride.
	const ceiling = Math.min(settings.maxMs, settings.minMs * 2 ** Math.max(1, failures));
	return Math.round(settings.minMs + random() * Math.max(0, ceiling - settings.minMs));
}
