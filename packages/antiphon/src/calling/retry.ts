import { DEFAULT_RETRY, type FunctionContract, type RetrySpec } from "@antiphon/contract";
import type { RetryPolicy } from "@antiphon/delivery";
import { BusError, MAX_ATTEMPTS, MAX_TTL_MS, requireNames } from "@antiphon/protocol";

/** What a caller wishes that wishes nothing: a domain takes the fewer attempts and the longer pauses of this and the contract. */
export const NO_WISH = { attempts: MAX_ATTEMPTS, backoffMs: 1, maxBackoffMs: 1 } as const;

/** Which faults are final is the contract's alone. */
const WISHES = Object.keys(DEFAULT_RETRY).filter((name) => name !== "faults");

/** How a call is to be retried. Its contract is for the domain to keep to, which has the provider's. @throws BusError */
export function wishedRetry(fn: FunctionContract, wish: Omit<RetrySpec, "faults"> = {}): RetryPolicy {
	requireNames(wish, WISHES, "retry");
	const inContract = fn.retry?.attemptTimeoutMs ?? DEFAULT_RETRY.attemptTimeoutMs;
	return {
		attempts: checked("attempts", wish.attempts ?? NO_WISH.attempts, MAX_ATTEMPTS),
		backoffMs: checked("backoffMs", wish.backoffMs ?? NO_WISH.backoffMs, MAX_TTL_MS),
		maxBackoffMs: checked("maxBackoffMs", wish.maxBackoffMs ?? NO_WISH.maxBackoffMs, MAX_TTL_MS),
		attemptMs: Math.min(inContract, checked("attemptTimeoutMs", wish.attemptTimeoutMs ?? inContract, MAX_TTL_MS)),
		faults: [],
	};
}

function checked(name: string, value: number, max: number): number {
	if (Number.isInteger(value) && value >= 1 && value <= max) return value;
	throw new BusError("invalid-argument", `retry.${name} must be a whole number from 1 to ${max}, not ${value}`);
}
