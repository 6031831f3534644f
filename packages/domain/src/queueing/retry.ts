import { DEFAULT_RETRY, type Retry } from "@antiphon/contract";
import type { RetryPolicy } from "@antiphon/delivery";
import type { ReadSubmission } from "@antiphon/protocol";

/**
 * How a call is tried again. It may ask for less than its contract: fewer runs, shorter ones, longer pauses.
 * @param stated what the contract says, where it does
 */
export function retryOf(stated: Retry | undefined, asked: ReadSubmission): RetryPolicy {
	const { attempts, backoffMs, maxBackoffMs, faults } = stated ?? DEFAULT_RETRY;
	const { ttlMs } = asked.head;
	const pauseMs = Math.max(backoffMs, asked.backoffMs ?? 0);
	return {
		attempts: Math.min(attempts, asked.attempts ?? attempts),
		backoffMs: pauseMs,
		maxBackoffMs: Math.max(maxBackoffMs, asked.maxBackoffMs ?? 0, pauseMs),
		attemptMs: Math.min(ttlMs, stated?.attemptTimeoutMs ?? ttlMs),
		faults,
	};
}
