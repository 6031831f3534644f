/** What an inbox holds at most, and how long. Above it deliveries are refused with `overloaded`. */
export interface InboxLimits {
	/** Calls that are not done with, of all instances. */
	readonly maxHeld: number;
	/** Of outcomes that no domain has recorded yet. */
	readonly maxOutcomeBytes: number;
	/** Calls that are done with, by which late copies of their deliveries are known. Above it the oldest are forgotten. */
	readonly maxDone: number;
	/** How long those are kept, in milliseconds of the journal's `up`. */
	readonly doneMs: number;
	/** How long an outcome is reported when the domain does not answer, by `up`. */
	readonly unheardMs: number;
	/** Deliveries in flight of one session and instance: more than it can get by its credit. */
	readonly maxInFlight: number;
}

const MINUTE_MS = 60_000;

export const INBOX_LIMITS: InboxLimits = {
	maxHeld: 10_000,
	maxOutcomeBytes: 256 * 2 ** 20,
	maxDone: 65_536,
	doneMs: 10 * MINUTE_MS,
	unheardMs: 7 * 24 * 60 * MINUTE_MS,
	maxInFlight: 4_096,
};
