import Table from "cli-table3";
import { printable } from "./printable.js";

/** Of one cell; the rest is cut. */
const MAX_CELL_CHARS = 200;

/** Rows of text, some of it of others, as a table in one string. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const made = new Table({ head: [...head], style: { head: [], border: [] } });
	for (const row of rows) made.push(row.map((text) => printable(text, MAX_CELL_CHARS)));
	return made.toString();
}
