/** Characters that XML 1.0 cannot carry. */
const NOT_XML = /[\0-\x08\x0b\x0c\x0e-\x1f\uFFFE\uFFFF]/g;

/**
 * Text that a stanza can carry, for people. It may quote anything: hostile input, bytes, half an emoji where it is cut.
 * @param maxChars in UTF-16 code units
 */
export function legible(text: string, maxChars: number): string {
	return text.slice(0, maxChars).toWellFormed().replace(NOT_XML, "\uFFFD");
}
