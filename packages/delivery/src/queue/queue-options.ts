import type { FaultWriter } from "../calls.js";

/** What a queue holds at most, and for how long it waits. Durations in milliseconds. */
export interface QueueLimits {
	/** Unsettled calls. Above: `overloaded`. */
	readonly calls: number;
	readonly callsPerFunction: number;
	/** Of one sender to one function. */
	readonly callsPerSender: number;
	/** The part of `calls`, of `lanes`, and of what else is left, that the accounts of one foreign domain may have together. */
	readonly foreignShare: number;
	/** Calls that are there, settled ones and traces of cancelled ones too. No account may have more than is left of it. */
	readonly kept: number;
	/** Of different function, version or sender, with unsettled calls. Above: `overloaded`. */
	readonly lanes: number;
	/** Of these, those of one sender: it says itself which versions it calls. */
	readonly lanesPerSender: number;
	/** Calls that are leased; the others wait. */
	readonly leases: number;
	/** Bytes of calls under way to one instance that it has not acknowledged; the others wait. */
	readonly undeliveredBytes: number;
	/** Who waits for outcomes; above, the oldest of whoever has most are forgotten, and ask again. */
	readonly waiters: number;
	/** Above, the oldest are off the list. */
	readonly deadLetters: number;
	readonly leaseMs: number;
	/** For how long an acknowledgement of a delivery is waited for before an at-least-once call goes elsewhere. */
	readonly takenMs: number;
	/** For how long an outcome is kept at least, of calls that are accepted from now on. What was promised to others stays. */
	readonly keepMs: number;
	/** For how long a dead letter is kept with its input. */
	readonly deadMs: number;
}

export const QUEUE_LIMITS: QueueLimits = {
	calls: 2_000_000,
	callsPerFunction: 1_000_000,
	callsPerSender: 100_000,
	foreignShare: 1 / 4,
	kept: 20_000_000,
	lanes: 65_536,
	lanesPerSender: 1_024,
	leases: 65_536,
	undeliveredBytes: 2 ** 20,
	waiters: 20_000,
	deadLetters: 100_000,
	leaseMs: 45_000,
	takenMs: 10_000,
	keepMs: 86_400_000,
	deadMs: 30 * 86_400_000,
};

export interface QueueOptions {
	readonly fault: FaultWriter;
	/** Whether a caller that was built with one version of a contract is served by an instance of another. Default: by the same only. */
	fits?(wanted: string, served: string): boolean;
	/** The domain whose accounts are at home here. Default: everybody is. */
	readonly home?: string;
	/** How long after a start providers may need to be heard of: so much longer are the leases that it finds. Default 0. */
	readonly settlingMs?: number;
	readonly limits?: Partial<QueueLimits>;
}

/** How long a call may be given to settle, and be put off. */
export const MAX_EXPIRES_MS = 30 * 86_400_000;
/** For how long after its expiry a copy of a submit may still come. */
export const LATE_COPY_MS = 2 * 3_600_000;
