/** How deep a payload may nest: an array or object inside another is one level. */
export const MAX_PAYLOAD_DEPTH = 64;

/** How many arrays, objects, keys and values a payload may have in all. Small items cost far more memory than bytes. */
export const MAX_PAYLOAD_ITEMS = 1_000_000;

/** How long a name (service, function, instance, fault) or version may be, in characters. */
export const MAX_NAME_CHARS = 128;

/** The longest time to live that a call may state: a day, in milliseconds. */
export const MAX_TTL_MS = 86_400_000;

/** How long the text of an error may be, in characters; longer text is cut. */
export const MAX_ERROR_TEXT_CHARS = 1024;
