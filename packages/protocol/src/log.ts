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
