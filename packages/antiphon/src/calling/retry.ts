import type { RetryPolicy } from "@antiphon/delivery";

/** How a durable call is retried whose contract does not say it. */
export const DEFAULT_RETRY: RetryPolicy = {
	attempts: 8,
	backoffMs: 1_000,
	maxBackoffMs: 300_000,
	attemptMs: 60_000,
	faults: [],
};
