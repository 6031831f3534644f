import { CHEAP_BACKLOG } from "@antiphon/link";
import { BusError } from "@antiphon/protocol";

const RETRY_AFTER_MS = 1_000;

/**
 * What a node still does when what it sends piles up: above which backlog of its link ({@link Link.backlog}, a share of
 * `maxBufferedBytes`, or of 8 s at the rate of the server) it leaves off what. So callers cannot fill the buffer with
 * answers that cost them little, and there is room for the outcomes of the calls that run.
 */
export const BACKLOG = {
	/**
	 * An account gets few answers that cost it little ({@link FairShare}), so that it does not get them all. Requests over a
	 * limit get none: these the link sees to. By default at 1 MiB or 0.5 s.
	 */
	cheap: CHEAP_BACKLOG,
	/** Queries, such as service discovery and the contract, are refused: resource-constraint. What nobody serves is dropped. */
	queries: 1 / 4,
	/** Calls are refused before they run: `overloaded`. By default at 8 MiB or 4 s. */
	calls: 1 / 2,
	/** Requests get no answer, which would be one more; they are counted. */
	everything: 3 / 4,
} as const;

/** Why a request is refused for now. */
export function tooMuchToSend(): BusError {
	return new BusError("overloaded", "too much is waiting to be sent here", { retryAfterMs: RETRY_AFTER_MS });
}

/** Why a request is refused that would wait behind many others. */
export function tooMuchAsked(): BusError {
	const message = "too many requests of this account wait for their turn here";
	return new BusError("overloaded", message, { retryAfterMs: RETRY_AFTER_MS });
}
