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

/** Writes a `<fault/>` for an outcome that no provider has reported; handed in, as nothing here knows XML. */
export type FaultWriter = (code: BusErrorCode, executed: Executed, message: string) => string;
