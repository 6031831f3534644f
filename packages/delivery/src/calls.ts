import type { BusErrorCode, DurableDelivery, Executed, LeaseRef } from "@antiphon/protocol";

export type { DurableDelivery, LeaseRef };

/** A call as it travels. Delivery reads nothing of what is called with. */
export interface CallText {
	/** `service.function` */
	readonly fn: string;
	/** The version of the contract that the caller was built with. */
	readonly version: string;
	/** `<call/>`, serialized. */
	readonly text: string;
	/** Of what makes it another call: function, version, encoding and input. */
	readonly digest: string;
}

/** What came of a call, as it travels. */
export interface OutcomeText {
	/** `<reply/>` or `<fault/>`, serialized. */
	readonly text: string;
	/** `undefined`: a reply. */
	readonly code: BusErrorCode | undefined;
	/** Of a declared fault. */
	readonly name?: string | undefined;
	readonly executed: Executed;
}

/** Why something was not done. */
export interface Refusal {
	readonly code: BusErrorCode;
	/** For people. */
	readonly message: string;
	readonly executed: Executed;
	/** With `overloaded`. */
	readonly retryAfterMs?: number | undefined;
}

/** How often, and when, a call that has failed is tried again. Times in milliseconds. */
export interface RetryPolicy {
	/** Runs in all, at least 1. */
	readonly attempts: number;
	/** Before the second run; doubled before each further one, up to the most. */
	readonly backoffMs: number;
	readonly maxBackoffMs: number;
	/** How long one run may take. */
	readonly attemptMs: number;
	/** Names of declared faults after which it is tried again. */
	readonly faults: readonly string[];
}

/** A durable call as its caller hands it in. */
export interface Submission {
	/** Unique for its sender: 1 to 64 of `A-Za-z0-9_-`. */
	readonly id: string;
	readonly call: CallText;
	readonly delivery: DurableDelivery;
	/** Not started before, in milliseconds from now. */
	readonly afterMs: number;
	/** Given up after, in milliseconds from now. */
	readonly expiresMs: number;
	/** Calls of one sender to one function with the same key run one after the other. */
	readonly orderKey: string | undefined;
	readonly retry: RetryPolicy;
}

/** One run of a call, as a queue leases it to an instance. */
export interface LeasedRun extends LeaseRef {
	/** What it may take, in milliseconds. */
	readonly ttlMs: number;
	/** Which run of the call it is, from 1. */
	readonly attempt: number;
	/** Bare JID of the caller, by word of the domain. */
	readonly sender: string;
	readonly id: string;
	readonly delivery: DurableDelivery;
	/** Of a redriven call: the id of the call that it was at first, by which its handler knows it. */
	readonly origin?: string | undefined;
	readonly call: CallText;
}

/** The same on its way: which of the deliveries to an instance it is. */
export interface DeliveredRun extends LeasedRun {
	/** Of the pull of the instance. */
	readonly session: string;
	readonly number: number;
	/** Of this delivery within session and number, from 1. */
	readonly serial: number;
	/** Every serial below is over: a delivery with it is a copy. */
	readonly low: number;
	readonly leaseMs: number;
}

/** Writes a `<fault/>` for an outcome that no provider has reported; handed in, as nothing here knows XML. */
export type FaultWriter = (code: BusErrorCode, executed: Executed, message: string) => string;
