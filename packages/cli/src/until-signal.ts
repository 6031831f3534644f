/** Resolves at the first SIGINT or SIGTERM, or when `other` settles. A second signal ends the process at once. */
export async function untilSignal(other: Promise<unknown> = new Promise(() => {})): Promise<void> {
	let onSignal = () => {};
	const signalled = new Promise<void>((resolve) => {
		onSignal = resolve;
	});
	// Listeners are taken off again, so a second signal has its usual effect.
	for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
	try {
		await Promise.race([signalled, other]);
	} finally {
		for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
	}
}
