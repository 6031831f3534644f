import type { Log } from "@antiphon/protocol";

export type LogLevel = "debug" | "info" | "warn" | "error";

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Writes `level` and above as lines to `write`; by default to standard error. */
export function lineLog(
	level: LogLevel = "info",
	write: (line: string) => void = (line) => void process.stderr.write(line),
): Log {
	const lowest = LEVELS.indexOf(level);
	const at = (name: LogLevel) => (message: string) => {
		if (LEVELS.indexOf(name) >= lowest) write(`${new Date().toISOString()} ${name} server: ${message}\n`);
	};
	return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Input shown in a log line: quoted, control characters escaped, cut to a bounded length. */
export function shown(text: string, maxChars = 80): string {
	return JSON.stringify(text.length > maxChars ? `${text.slice(0, maxChars)}…` : text);
}
