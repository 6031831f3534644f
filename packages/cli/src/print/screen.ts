const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const CLEAR_ALL = "\u001b[2J";
/** Lines that are too long are cut, not continued on rows that others need. */
const NO_WRAP = "\u001b[?7l";
const WRAP = "\u001b[?7h";

/** What a screen needs of standard output. */
export type Terminal = Pick<NodeJS.WriteStream, "write" | "isTTY" | "rows">;

/**
 * Shows the same thing again and again. On a terminal in its place: written over and never cleared first, so that it does
 * not flicker, and cut to what fits. Elsewhere one after the other, with an empty line between.
 */
export function screen(output: Terminal): (lines: readonly string[]) => void {
	let isFirst = true;
	return (shown) => {
		const lines = shown.flatMap((line) => line.split("\n"));
		const before = isFirst ? CLEAR_ALL : "";
		if (output.isTTY) {
			const fitting = fit(lines, output.rows - 1).map((line) => `${line}${CLEAR_LINE}\n`);
			output.write(`${before}${NO_WRAP}${HOME}${fitting.join("")}${CLEAR_BELOW}${WRAP}`);
		} else output.write(`${isFirst ? "" : "\n"}${lines.join("\n")}\n`);
		isFirst = false;
	};
}

function fit(lines: readonly string[], rows: number): readonly string[] {
	if (!(rows > 1) || lines.length <= rows) return lines;
	return [...lines.slice(0, rows - 1), `… and ${lines.length - rows + 1} more lines`];
}
