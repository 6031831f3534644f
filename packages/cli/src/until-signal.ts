/**
 * Resolves at the first SIGINT or SIGTERM, or when `other` settles. Further signals do nothing: one Ctrl-C may arrive
 * several times (from the terminal and from npm), and what follows is bounded in time.
 */
export async function untilSignal(other: Promise<unknown> = new Promise(() => {})): Promise<void> {
	const signalled = new Promise<void>((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, resolve);
	});
	await Promise.race([signalled, other]);
}
