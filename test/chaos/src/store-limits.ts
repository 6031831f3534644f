import type { LmdbStoreOptions } from "@antiphon/store";

const MIB = 1024 * 1024;

/** The disk of a chaos run is small: so are its journals, and what they leave free. */
export const STORE: LmdbStoreOptions = { maxBytes: 48 * MIB, reserveBytes: MIB };
/** A disk on which all of them have room, as long as it is not filled. */
export const DISK_BYTES = 160 * MIB;
