import { DEFAULT_RETRY as UNSTATED } from "@antiphon/contract";
import type { RetryPolicy } from "@antiphon/delivery";

const { attemptTimeoutMs, ...others } = UNSTATED;

/** How a durable call is retried whose contract does not say it. */
export const DEFAULT_RETRY: RetryPolicy = { ...others, attemptMs: attemptTimeoutMs };
