import { BusError } from "../errors.js";

/**
 * How long calls took, counted in buckets that all speak of alike, so that the counts of several instances can be added
 * up, which percentiles cannot. Four buckets to each doubling: bucket `i` holds what took up to 0.1 · 2^(i/4) ms, the
 * last one everything that took longer.
 */
export type DurationCounts = ArrayLike<number>;

/** From 0.1 ms to 88 s, and beyond. */
export const DURATION_BUCKETS = 81;
const FIRST_MS = 0.1;
const PER_DOUBLING = 4;
const MAX_COUNT = 1e12;

/** The bucket of a duration in milliseconds. */
export function durationBucket(ms: number): number {
	if (!(ms > FIRST_MS)) return 0;
	return Math.min(DURATION_BUCKETS - 1, Math.ceil(PER_DOUBLING * Math.log2(ms / FIRST_MS)));
}

/** Adds the counts of one to those of another. */
export function addDurations(sum: number[], counts: DurationCounts): void {
	for (let i = 0; i < DURATION_BUCKETS; i++) sum[i] = (sum[i] ?? 0) + (counts[i] ?? 0);
}

/**
 * How long the share `share` (0 to 1) of the calls took at most, in milliseconds: the middle of a bucket, which is at
 * most a tenth off. `undefined` when nothing was counted.
 */
export function durationAt(share: number, counts: DurationCounts): number | undefined {
	let all = 0;
	for (let i = 0; i < counts.length; i++) all += counts[i] ?? 0;
	if (all === 0) return undefined;
	let left = Math.max(1, Math.ceil(share * all));
	let bucket = 0;
	while (bucket < DURATION_BUCKETS - 1) {
		left -= counts[bucket] ?? 0;
		if (left <= 0) break;
		bucket++;
	}
	return FIRST_MS * 2 ** ((bucket - 0.5) / PER_DOUBLING);
}

/** `12:340 13:5`: bucket and count, without the empty ones. */
export function encodeDurations(counts: DurationCounts): string {
	const parts: string[] = [];
	for (let i = 0; i < DURATION_BUCKETS; i++) if ((counts[i] ?? 0) > 0) parts.push(`${i}:${counts[i]}`);
	return parts.join(" ");
}

/** @throws BusError `protocol` */
export function decodeDurations(text: string): number[] {
	const counts = new Array<number>(DURATION_BUCKETS).fill(0);
	if (text === "") return counts;
	const parts = text.split(" ", DURATION_BUCKETS + 1);
	let next = 0;
	for (const part of parts) {
		const match = /^(0|[1-9]\d?):([1-9]\d{0,12})$/.exec(part);
		const [bucket, count] = [Number(match?.[1]), Number(match?.[2])];
		if (!(bucket >= next && bucket < DURATION_BUCKETS && count <= MAX_COUNT)) {
			throw new BusError("protocol", "durations must be bucket:count, in order and each once");
		}
		counts[bucket] = count;
		next = bucket + 1;
	}
	return counts;
}
