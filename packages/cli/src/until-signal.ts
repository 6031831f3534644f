/**
 * Resolves at the first SIGINT or SIGTERM. Further signals do nothing: one Ctrl-C may arrive several times (from the
 * terminal and from npm), and what follows is bounded in time.
 */
export function untilSignal(): Promise<void> {
	return new Promise((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
	});
}
