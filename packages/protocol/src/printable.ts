/** Control and formatting characters, C1 included, line separators, halves of surrogate pairs; not the line feed. */
const HIDDEN = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * Text of somebody else, fit for a terminal: what would move the cursor, set the title or turn the writing round is
 * shown as an escape, `\u001b`. Line feeds stay. Inside a JSON text the escape is JSON's own, so that it stays the same
 * value.
 */
export function escaped(text: string): string {
	return text.replace(HIDDEN, (char) =>
		Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
	);
}
