/** Where the library says what a person may have to act on. `console` and a pino logger fit as they are. */
export interface Log {
	debug(message: string): void;
	info(message: string): void;
	warn(message: string): void;
	error(message: string): void;
}

/** Says nothing. */
export const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The same log, except that it cannot break its user by throwing. */
export function guardedLog(log: Log): Log {
	const guard = (level: keyof Log) => (message: string) => {
		try {
			log[level](message);
		} catch {
			// There is nowhere left to say it.
		}
	};
	return { debug: guard("debug"), info: guard("info"), warn: guard("warn"), error: guard("error") };
}

export type LogLevel = keyof Log;

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * Writes lines of `level` and above, such as `2026-01-31T12:00:00.000Z warn server: …`.
 * @param name whose log it is
 * @param write takes a line with its newline; by default it goes to standard error
 */
export function lineLog(
	name: string,
	level: LogLevel = "info",
	write: (line: string) => void = (line) => void process.stderr.write(line),
): Log {
	const lowest = LEVELS.indexOf(level);
	const at = (each: LogLevel) => (message: string) => {
		if (LEVELS.indexOf(each) >= lowest) write(`${new Date().toISOString()} ${each} ${name}: ${message}\n`);
	};
	return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
