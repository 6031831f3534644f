const PARENT_CHECK_MS = 500;

/** Signals that come so soon after the first are the same Ctrl-C, in milliseconds. */
const REPEATED_MS = 500;

/** SIGHUP: the terminal has gone. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Resolves at the first signal that ends a process. Further ones do nothing, unless {@link untilAnotherSignal} waits for one:
 * what follows is bounded in time.
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

/**
 * For what may take longer than somebody likes to wait: after the first signal, resolves at another. Not at once, since one
 * Ctrl-C may arrive several times (from the terminal and from npm).
 */
export function untilAnotherSignal(signals: readonly NodeJS.Signals[]): Promise<void> {
	const sinceMs = performance.now();
	return new Promise((resolve) => {
		const onSignal = () => {
			if (performance.now() - sinceMs >= REPEATED_MS) resolve();
		};
		for (const signal of signals) process.on(signal, onSignal);
	});
}
