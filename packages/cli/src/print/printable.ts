const MAX_CHARS = 4_000;
/** Control and formatting characters, C1 included, and line separators; not the line feed. */
const HIDDEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text of somebody else, fit for a terminal: what would move the cursor, set the title or turn the writing round is
 * shown as an escape. Inside a JSON text the escape is JSON's own, so that it stays the same value.
 */
export function escaped(text: string): string {
	return text.replace(HIDDEN, (char) =>
		Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
	);
}

/** The same, cut to what a person can read. */
export function printable(text: unknown, maxChars = MAX_CHARS): string {
	const shown = typeof text === "string" ? text : (JSON.stringify(text) ?? "");
	return escaped(shown.length > maxChars ? `${shown.slice(0, maxChars)}…` : shown);
}
