import { abortedError } from "@antiphon/link";
import { BusError, type Executed } from "@antiphon/protocol";

/** Waits for a promise, but not longer than the deadline (on the clock of `performance.now()`) or the signal allow. */
export function settleBy<T>(
	promise: Promise<T>,
	deadlineMs: number,
	signal: AbortSignal | undefined,
	executed: Executed,
): Promise<T> {
	return new Promise<T>((resolve, reject) => {
		const onAbort = () => settle(() => signal && reject(abortedError(signal, executed)));
		const timer = setTimeout(() => {
			settle(() => reject(new BusError("deadline-exceeded", "the deadline passed", { executed })));
		}, deadlineMs - performance.now());
		const settle = (how: () => void) => {
			clearTimeout(timer);
			signal?.removeEventListener("abort", onAbort);
			how();
		};
		signal?.addEventListener("abort", onAbort);
		promise.then(
			(value) => settle(() => resolve(value)),
			(error: unknown) => settle(() => reject(error)),
		);
		if (signal?.aborted) onAbort();
	});
}
