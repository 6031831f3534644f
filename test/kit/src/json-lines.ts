import { appendFileSync } from "node:fs";

/**
 * Appends a value to a file of JSON lines. Several processes may write to the same file, and each may be killed at any time: what
 * one has left of a line does not spoil the next. The operating system has it when this returns, so it outlasts its process. It
 * is not flushed: that would make every process that notes something as slow as the disk.
 */
export function appendLine(file: string, value: unknown): void {
	appendFileSync(file, `\n${JSON.stringify(value)}\n`);
}

/** The values of such a text. A line that its writer did not finish is none. */
export function linesOf<T>(text: string): T[] {
	return text.split("\n").flatMap((line) => {
		try {
			return line === "" ? [] : [JSON.parse(line) as T];
		} catch {
			return [];
		}
	});
}
