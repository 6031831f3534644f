/** Input shown in a log line: quoted, control characters escaped, cut to a bounded length. */
export function shown(text: string, maxChars = 80): string {
	return JSON.stringify(text.length > maxChars ? `${text.slice(0, maxChars)}…` : text);
}
