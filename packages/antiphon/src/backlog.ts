import { BusError } from "@antiphon/protocol";

const RETRY_AFTER_MS = 1_000;

/**
 * What a node still does when what it sends piles up: above which backlog of its link (a share of `maxBufferedBytes`)
 * it leaves off what. So callers cannot fill the buffer with answers that cost them little, and there is room for the
 * outcomes of the calls that run.
 */
export const BACKLOG = {
	/** Queries, such as service discovery and the contract, are refused: resource-constraint. By default at 1 MiB. */
	queries: 1 / 16,
	/** Calls are refused before they run: `overloaded`. */
	calls: 1 / 2,
	/** Requests get no answer, which would be one more; they are counted. */
	everything: 3 / 4,
} as const;

/** Why a request is refused for now. */
export function tooMuchToSend(): BusError {
	return new BusError("overloaded", "too much is waiting to be sent here", { retryAfterMs: RETRY_AFTER_MS });
}
