import { BusError, type Executed } from "@antiphon/protocol";

/** Waits for a promise, but not longer than the deadline (on the clock of `performance.now()`) or the signal allow. */
export function settleBy<T>(
	promise: Promise<T>,
	deadlineMs: number,
	signal: AbortSignal | undefined,
	executed: Executed,
): Promise<T> {
	return new Promise((resolve, reject) => {
		const giveUp = (error: BusError) => {
			clearTimeout(timer);
			signal?.removeEventListener("abort", onAbort);
			reject(error);
		};
		const onAbort = () =>
			giveUp(new BusError("cancelled", "cancelled by the caller", { executed, cause: signal?.reason }));
		const timer = setTimeout(() => {
			giveUp(new BusError("deadline-exceeded", "the deadline passed", { executed }));
		}, deadlineMs - performance.now());
		signal?.addEventListener("abort", onAbort, { once: true });
		promise.then(
			(value) => {
				clearTimeout(timer);
				signal?.removeEventListener("abort", onAbort);
				resolve(value);
			},
			(error: unknown) => giveUp(BusError.from(error)),
		);
	});
}
