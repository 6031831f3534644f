import type { Amount } from "./queue-record.js";
import { type QueueState, refuse, type Turn } from "./queue-state.js";
import { domainOf, sum } from "./shares.js";

/** When somebody who has too much may try again: what it has goes in hours rather than in seconds. */
const RETRY_MS = 60_000;
const MEASURES = ["calls", "open", "bytes"] as const;

/**
 * No account may keep more than there is room left for all, so one alone may have half of it, and each of two a third: however
 * many take what they can get, there is some left for whoever comes. The same holds for all accounts of foreign domains
 * together, and for those of one of these domains with a part of what is left.
 * @returns whether a new call of an account is refused, as it has its share
 */
export function refuseAboveShare(state: QueueState, turn: Turn, ask: number, sender: string, id: string): boolean {
	const why = whyNot(state, sender);
	if (why === undefined) return false;
	const retryAfterMs = state.drain.around(RETRY_MS, sender + id);
	refuse(turn, ask, "overloaded", `there is no room for more of ${why}`, { retryAfterMs });
	return true;
}

function whyNot({ book, limits, options, room }: QueueState, sender: string): string | undefined {
	const { meta, shares } = book;
	const left: Amount = {
		calls: limits.kept - meta.open - meta.settled,
		open: limits.calls - meta.open,
		bytes: room.leftBytes,
	};
	const isAbove = (share: Amount, part = 1) => MEASURES.some((measure) => share[measure] > left[measure] * part);
	const own = shares.of(sender);
	if (isAbove(own)) return `${sender}, of whom ${textOf(own)} are kept: no account may have more than is left for all`;
	const domain = domainOf(sender);
	if (options.home === undefined || domain === options.home) return undefined;
	if (isAbove(shares.of(`@${domain}`), limits.foreignShare)) {
		return `the accounts of ${domain}: they have their part of what is left`;
	}
	const foreign = sum(meta.counted, shares.of(`@${options.home}`), -1);
	return isAbove(foreign) ? "accounts of other domains: they have as much as is left for all" : undefined;
}

function textOf({ calls, open, bytes }: Amount): string {
	return `${calls} calls (${open} without an outcome, about ${Math.ceil(bytes / 2 ** 20)} MiB in all)`;
}
