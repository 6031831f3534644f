import type { FunctionQueue, RenewedLeases } from "@antiphon/protocol";
import type { DeliveredRun, LeaseRef, OutcomeText, Refusal, Submission } from "../calls.js";

export type { Refusal } from "../calls.js";

/**
 * What the queue of a domain is told, one event for each item of a stanza, and what it wants done.
 *
 * `ask` is a number that who tells it makes up: an event that has one is answered with exactly one {@link QueueAnswer} that
 * carries it, or is refused by the engine because its batch was not stored. What reaches the queue has been believed before:
 * `sender` is the bare JID that the server attests; `service`/`instance` of a pull or a drain is registered by `node`. What
 * names a call by `n` and `token` is believed by the queue itself, by the token and the bare JID of the lease's holder.
 * Durations are in milliseconds, from now. `undefined` and missing are the same in what may be missing.
 */
export type QueueEvent =
	| SubmitEvent
	| AwaitEvent
	| CallerGoneEvent
	| CancelEvent
	| PullEvent
	| ProviderGoneEvent
	| TakenEvent
	| UndeliveredEvent
	| SettleEvent
	| RenewEvent
	| ReleaseEvent
	| RetryEvent
	| RedriveEvent
	| PurgeEvent
	| SurveyEvent
	| RoomEvent;

/** Answered `accepted`, `known`, or `refused`, executed no. */
export interface SubmitEvent {
	readonly type: "submit";
	readonly ask: number;
	/** Bare JID. */
	readonly sender: string;
	/** Full JID that wants to be told of the outcome; soft, see {@link AwaitEvent}. */
	readonly notify?: string | undefined;
	readonly submission: Submission;
}

/**
 * What has become of a call? Answered `state`, `settled`, or `refused` with `not-found`, executed unknown, for another's id as well.
 * With `notify` its outcome is told to that full JID once, when it is there: not on disk, forgotten when the queue is
 * recovered, so who waits asks again after each reconnect and each start of the domain.
 */
export interface AwaitEvent {
	readonly type: "await";
	readonly ask: number;
	readonly sender: string;
	readonly id: string;
	readonly notify?: string | undefined;
}

/** Nobody waits at this full JID any more. */
export interface CallerGoneEvent {
	readonly type: "caller-gone";
	readonly address: string;
}

/**
 * Settles a call at once, and an unknown id as well, so that a late copy of its submit does not start it. Answered `settled`
 * with the outcome that the call has now, whichever it is, or `refused`, with `not-found` for an unknown id of which nothing
 * is to be remembered.
 */
export interface CancelEvent {
	readonly type: "cancel";
	readonly ask: number;
	readonly sender: string;
	readonly id: string;
	/** Of an id that is not known: until when a copy of its submit may come. `undefined`: none can. */
	readonly expiresMs: number | undefined;
	/** Default: its caller. */
	readonly by?: "administrator" | undefined;
}

/**
 * An instance takes work: how many unfinished calls at most, in all; 0: none, it drains. Answered `pulling`, or `refused`
 * with `conflict` when a later one of the session is known.
 */
export interface PullEvent {
	readonly type: "pull";
	readonly ask: number;
	readonly service: string;
	readonly instance: string;
	/** Full JID: where deliveries go. Its bare JID holds the leases. */
	readonly node: string;
	/** Of the contract that it serves. */
	readonly version: string;
	/** 0 to 1,000. */
	readonly credit: number;
	/** Random, of its process. */
	readonly session: string;
	/** Grows within the session. Deliveries carry it, and it refuses those of lower ones. */
	readonly number: number;
	/** Whether what it has taken survives its process. */
	readonly inbox: "durable" | "memory";
	/** All that it holds. What is leased to it and not named is not there. */
	readonly held: readonly LeaseRef[];
}

/** The instance is not reachable, or not registered any more. It gets nothing until it pulls; its leases run on. */
export interface ProviderGoneEvent {
	readonly type: "provider-gone";
	readonly service: string;
	readonly instance: string;
}

/** A delivery was acknowledged. */
export interface TakenEvent extends LeaseRef {
	readonly type: "taken";
}

/**
 * A delivery came back with an error, or nothing came at all and nobody waits any longer.
 * - `gone`: nobody is there, or it is another process, or another number of pull (`conflict`): executed no. The instance gets
 *   nothing until it pulls again.
 * - `overloaded`: refused, executed no. The instance gets nothing for `retryAfterMs`.
 * - `unknown`: it may be running.
 */
export interface UndeliveredEvent extends LeaseRef {
	readonly type: "undelivered";
	readonly why: "gone" | "overloaded" | "unknown";
	readonly retryAfterMs?: number | undefined;
}

/** What came of a run. Answered `recorded`, also a second time, or `refused` with `conflict`: the token is not the last one. */
export interface SettleEvent extends LeaseRef {
	readonly type: "settle";
	readonly ask: number;
	/** Bare JID of who reports it. */
	readonly from: string;
	readonly outcome: OutcomeText;
	/** What its error says, for people who ask what has become of the call. Bounded by who tells it. */
	readonly message?: string | undefined;
}

/** An instance still has these. Answered `renewed`. Sent without items, too: the answer says whether its pull is known. */
export interface RenewEvent {
	readonly type: "renew";
	readonly ask: number;
	readonly from: string;
	readonly service: string;
	readonly instance: string;
	readonly items: readonly LeaseRef[];
}

/** Handed back: `no`: has not run; `unknown`: its process died with it. Answered `released`, also when the lease is another's. */
export interface ReleaseEvent extends LeaseRef {
	readonly type: "release";
	readonly ask: number;
	readonly from: string;
	readonly executed: "no" | "unknown";
	/** Until when this instance wants nothing. */
	readonly retryAfterMs?: number | undefined;
	/** Of what has not run: until when nobody gets it. */
	readonly afterMs?: number | undefined;
}

/**
 * An administrator wants a call that waits for its back-off tried again now. Answered `retried`, also when it waits for an instance
 * only, or `refused`.
 */
export interface RetryEvent {
	readonly type: "retry";
	readonly ask: number;
	readonly n: number;
}

/**
 * An administrator wants a dead letter tried again, as a new call of the same sender. Answered `redriven`, or `refused`, with
 * `conflict` when it has been redriven already.
 */
export interface RedriveEvent {
	readonly type: "redrive";
	readonly ask: number;
	readonly n: number;
}

/** An administrator wants a dead letter off the list. Its outcome stays for as long as it was promised. Answered `purged` or `refused`. */
export interface PurgeEvent {
	readonly type: "purge";
	readonly ask: number;
	readonly n: number;
}

/** What is there? Answered `surveyed`. */
export interface SurveyEvent {
	readonly type: "survey";
	readonly ask: number;
}

/** How the journal's disk is, to be told every now and then: what has come since the last time is counted by the queue. */
export interface RoomEvent {
	readonly type: "room";
	/** What new calls may take, in bytes. Not more than 0: nothing new is accepted, and what is left is for what has been. */
	readonly leftBytes: number;
}

/** What to do, once what led to it is on disk. In order. */
export type QueueEffect = QueueAnswer | DeliverEffect | LostEffect | OutcomeEffect | PullAgainEffect;

export interface QueueAnswer {
	readonly type: "answer";
	readonly ask: number;
	readonly result: QueueResult;
}

export type QueueResult =
	/** A submit is on disk. */
	| { readonly is: "accepted" }
	/**
	 * It was there: same call, same input. If it is settled and `notify` was asked for, an {@link OutcomeEffect} follows.
	 * `keepMs`: its outcome is kept for so long at least, which is shorter than the queue keeps new ones.
	 */
	| { readonly is: "known"; readonly keepMs?: number }
	| { readonly is: "refused"; readonly refusal: Refusal }
	| { readonly is: "state"; readonly state: OpenState; readonly attempts: number }
	/** `isUnknown`: it was cancelled before it came, if it ever comes. */
	| { readonly is: "settled"; readonly attempts: number; readonly outcome: OutcomeText; readonly isUnknown?: boolean }
	| { readonly is: "pulling"; readonly leaseMs: number }
	| { readonly is: "recorded" }
	| ({ readonly is: "renewed" } & RenewedLeases)
	| { readonly is: "released" }
	| { readonly is: "retried" }
	| { readonly is: "redriven"; readonly id: string; readonly n: number }
	| { readonly is: "purged" }
	| ({ readonly is: "surveyed" } & QueueCount);

/** How many calls there are. */
export interface QueueCount {
	/** Unsettled. */
	readonly open: number;
	readonly leased: number;
	/** Whose outcomes are kept, with the dead letters. */
	readonly settled: number;
	readonly dead: number;
	/** Those with unsettled calls, in no order. */
	readonly functions: readonly FunctionQueue[];
}

/** Where a call is that has no outcome: `waiting` for an instance, `delayed` until it is due, `chained` behind another of its order key. */
export type OpenState = "waiting" | "delayed" | "chained" | "leased";

/** Deliver a call to an instance, which may get several of one release in one stanza. */
export interface DeliverEffect extends DeliveredRun {
	readonly type: "deliver";
	/** Full JID. */
	readonly to: string;
	readonly service: string;
	readonly instance: string;
}

/** A hint to who may still run a call that its lease is over. */
export interface LostEffect extends LeaseRef {
	readonly type: "lost";
	readonly to: string;
	readonly service: string;
	readonly instance: string;
}

/** Tell a caller, until it says that it has received it or is gone. */
export interface OutcomeEffect {
	readonly type: "outcome";
	/** Full JID. */
	readonly to: string;
	/** Of the call: where the caller believes outcomes from is the address of this function's service. */
	readonly fn: string;
	readonly id: string;
	readonly attempts: number;
	readonly outcome: OutcomeText;
}

/** The queue has been recovered and has forgotten a pull: the instance should pull again, with a higher number. A hint. */
export interface PullAgainEffect {
	readonly type: "pull-again";
	readonly to: string;
	readonly service: string;
	readonly instance: string;
}
