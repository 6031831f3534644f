const PARENT_CHECK_MS = 500;

/**
 * Resolves at the first SIGINT or SIGTERM. Further signals do nothing: one Ctrl-C may arrive several times (from the
 * terminal and from npm), and what follows is bounded in time.
 */
export function untilSignal(): Promise<void> {
	return new Promise((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
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
