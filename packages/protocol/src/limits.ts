/** How deep a payload may nest: an array or object inside another is one level. */
export const MAX_PAYLOAD_DEPTH = 64;

/** How many values and keys a payload may have in all: an array or object is one, and so is each thing in it. */
export const MAX_PAYLOAD_ITEMS = 1_000_000;

/** How long the text of a payload may be, in characters. Far above what a stanza carries; it bounds what a codec does. */
export const MAX_PAYLOAD_CHARS = 16 * 1024 * 1024;

/** The longest time to live that a call may state: a day, in milliseconds. */
export const MAX_TTL_MS = 86_400_000;

/** How long the text of an error may be, in characters; longer text is cut. */
export const MAX_ERROR_TEXT_CHARS = 1024;

/** How long a durable call may be kept before it has an outcome, or wait to begin: 30 days, in milliseconds. */
export const MAX_EXPIRES_MS = 2_592_000_000;

/** How often a durable call may run at most. */
export const MAX_ATTEMPTS = 100;
