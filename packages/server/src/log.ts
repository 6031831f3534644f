export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * Where the server writes what it has to say. A line names who, from where, what happened and what to do about it.
 * A log that throws is ignored: it cannot break a session.
 */
export interface Log {
	debug(message: string): void;
	info(message: string): void;
	warn(message: string): void;
	error(message: string): void;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** Says nothing. The default, because an embedded server must not write into a test's output. */
export const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

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

/** The same log, for which an exception is no exception. */
export function guardedLog(log: Log): Log {
	const guard = (level: LogLevel) => (message: string) => {
		try {
			log[level](message);
		} catch {
			// Nowhere to say it.
		}
	};
	return { debug: guard("debug"), info: guard("info"), warn: guard("warn"), error: guard("error") };
}

/** Input shown in a log line: quoted, control characters escaped, cut to a bounded length. */
export function shown(text: string, maxChars = 80): string {
	return JSON.stringify(text.length > maxChars ? `${text.slice(0, maxChars)}…` : text);
}
