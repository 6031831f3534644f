/**
 * What makes a link's backlog 1, besides a full buffer: what waits will take the server this long, in milliseconds, at the
 * rate at which it has lately dealt with what it was sent. Few callers wait for an answer much longer.
 */
export const FULL_MS = 8_000;

/**
 * The backlog above which answers that cost their askers next to nothing are left off: 1 MiB of the 16 that the buffer holds,
 * or half a second. The link leaves skipped requests unanswered; what a node leaves off, above this and above more, is in
 * its `BACKLOG`, which begins here.
 */
export const CHEAP_BACKLOG = 1 / 16;
