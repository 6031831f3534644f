import type { LmdbStoreOptions } from "@antiphon/store";

const MIB = 1024 * 1024;
/** More than a settled call takes in a journal. */
const CALL_BYTES = 3 * 1024;

/**
 * The bounds of a journal through which so many calls go. A journal keeps a part of its bound free in its file, against the time
 * when the disk is full; with a large one nobody would notice for long that it is.
 */
export function storeLimits(calls: number): Required<LmdbStoreOptions> {
	return { maxBytes: 2 * MIB + CALL_BYTES * calls, reserveBytes: MIB };
}

/** A disk on which all of these have room, as long as it is not filled. */
export function diskBytes(journals: readonly Required<LmdbStoreOptions>[]): number {
	return journals.reduce((sum, { maxBytes }) => sum + maxBytes, 16 * MIB);
}
