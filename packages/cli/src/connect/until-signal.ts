const PARENT_CHECK_MS = 500;

/** SIGHUP: the terminal has gone. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Resolves at the first signal that ends a process. Further ones do nothing: one Ctrl-C may arrive several times (from the
 * terminal and from npm), and what follows is bounded in time.
 * @param signals default: SIGINT, SIGTERM and SIGHUP
 */
export function untilSignal(signals: readonly NodeJS.Signals[] = ENDING): Promise<void> {
	return new Promise((resolve) => {
		for (const signal of signals) process.on(signal, () => resolve());
		if (process.env["npm_lifecycle_event"] === undefined) return;
		// npm passes a signal on to its shell alone. That the shell is gone is all that is seen of it here.
		const parent = process.ppid;
		const look = setInterval(() => {
			if (process.ppid === parent) return;
			clearInterval(look);
			resolve();
		}, PARENT_CHECK_MS);
		look.unref();
	});
}
