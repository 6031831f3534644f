import { escaped } from "./printable.js";

/** Where the library says what a person may have to act on. `console` and a pino logger fit as they are. */
export interface Log {
	debug(message: string): void;
	info(message: string): void;
	warn(message: string): void;
	error(message: string): void;
}

/** Says nothing. */
export const quietLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** The same log, except that it cannot break its user by throwing, and that it gets {@link loggable} text. */
export function guardedLog(log: Log): Log {
	const guard = (level: keyof Log) => (message: string) => {
		try {
			log[level](loggable(message));
		} catch {
			// There is nowhere left to say it.
		}
	};
	return { debug: guard("debug"), info: guard("info"), warn: guard("warn"), error: guard("error") };
}

export type LogLevel = keyof Log;

/** What of a message is kept, in characters before escapes: half from its beginning, half from its end. */
const MAX_MESSAGE_CHARS = 8_192;
/** A line feed, unless a frame of a stack follows. */
const LINE_BREAK = /\n(?! {4}at )/g;

/**
 * A message fit for a log, whoever's words it quotes: nothing in it acts on a terminal, and nothing in it looks like a line of its
 * own. Control and formatting characters are shown as escapes. So are line feeds, except in front of the frames of a
 * stack (`    at …`), which are indented and so no line of a log either. A message that is too long loses its middle: a
 * stack is at the end. What is fit stays as it is.
 */
export function loggable(message: string): string {
	const half = MAX_MESSAGE_CHARS / 2;
	const left = message.length - MAX_MESSAGE_CHARS;
	const kept =
		left > 0 ? `${message.slice(0, half)} … (${left} characters left out) … ${message.slice(-half)}` : message;
	return escaped(kept).replace(LINE_BREAK, "\\n");
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/**
 * Writes lines of `level` and above, such as `2026-01-31T12:00:00.000Z warn server: …`, with {@link loggable} messages.
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
		if (LEVELS.indexOf(each) >= lowest) write(`${new Date().toISOString()} ${each} ${name}: ${loggable(message)}\n`);
	};
	return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
