import { escaped } from "@antiphon/protocol";

const MAX_CHARS = 4_000;

/** Text of somebody else, fit for a terminal and cut to what a person can read. */
export function printable(text: unknown, maxChars = MAX_CHARS): string {
	const shown = typeof text === "string" ? text : (JSON.stringify(text) ?? "");
	return escaped(shown.length > maxChars ? `${shown.slice(0, maxChars)}…` : shown);
}

/** The same on one line: what follows a line feed in it would pass for a line of the command's own. */
export function oneLine(text: string): string {
	return printable(text).replaceAll("\n", "\\n");
}
