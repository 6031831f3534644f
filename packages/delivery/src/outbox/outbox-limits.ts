import type { ExchangeOptions } from "../engine/exchange.js";

/** What an outbox holds at most, and how long. Above it `keep` and `wait` are refused with `overloaded`. */
export interface OutboxLimits {
	/** Calls that no domain has accepted yet. */
	readonly maxKept: number;
	/** Of their texts. */
	readonly maxKeptBytes: number;
	/** Those, and accepted ones that have no outcome. */
	readonly maxOpen: number;
	/** Outcomes. Above this, and above their bytes, the oldest are forgotten before their time: the domain has them. */
	readonly maxSettled: number;
	readonly maxSettledBytes: number;
	/** How long an outcome is kept, in milliseconds of the journal's `up`. */
	readonly keepMs: number;
	/** Who may wait for something at once. */
	readonly maxWaiters: number;
}

const MIB = 2 ** 20;
const DAY_MS = 86_400_000;

export const OUTBOX_LIMITS: OutboxLimits = {
	maxKept: 10_000,
	maxKeptBytes: 256 * MIB,
	maxOpen: 65_536,
	maxSettled: 10_000,
	maxSettledBytes: 64 * MIB,
	keepMs: DAY_MS,
	maxWaiters: 20_000,
};

/** How long after its expiry a call that was accepted is waited for, when nothing is heard of its domain any more. */
export const GIVE_UP_MS = DAY_MS;
/** The longest that a submit may be on its way: as long as a call may have until it expires. */
export const MAX_EXPIRES_MS = 30 * DAY_MS;
/** How an outbox asks domains: how often, how much at once, and when it gives up. */
export const EXCHANGE: ExchangeOptions = {
	backOff: { firstMs: 500, maxMs: 60_000 },
	answerMs: 30_000,
	inFlight: { count: 2_048, size: 4 * 2 ** 20 },
	inFlightPerPeer: { count: 512, size: 2 ** 20 },
};
