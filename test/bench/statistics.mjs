/** The median of some numbers, with the smallest and the largest. */
export function spread(numbers) {
	const sorted = [...numbers].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
	return { median, min: sorted[0], max: sorted.at(-1) };
}

/** The value below or at which this share of sorted numbers lies. */
export function percentile(sorted, share) {
	return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}
