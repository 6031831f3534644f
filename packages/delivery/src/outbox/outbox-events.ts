import type { OutcomeText, Refusal, Submission } from "../calls.js";

/**
 * What the outbox of a caller is told, one event for each item of a stanza, and what it wants done.
 *
 * `ask` is a number that who tells it makes up and uses once: an event that has one is answered with exactly one
 * {@link OutboxAnswer} that carries it, or is refused by the engine because its batch was not stored. `request` is a number
 * of the outbox: each request is answered by one `answered` or `unanswered`, or by nothing, which is noticed after a while;
 * what comes for one that is over is ignored. A call is known by `to`, the address that it is submitted to, and its id.
 * Durations are in milliseconds, from now. `undefined` and missing are the same in what may be missing.
 *
 * After a start the link is down until it is said to be up. A batch that was not stored changes nothing of what the outbox
 * knows of the world: who waits still waits, the link is as it was.
 */
export type OutboxEvent =
	| LinkEvent
	| KeepEvent
	| WaitEvent
	| StopWaitingEvent
	| CancelCallEvent
	| ToldEvent
	| OutboxAnsweredEvent
	| OutboxUnansweredEvent;

/** Up again: everything that is open is asked about anew, as domains forget who waits. Down: nothing is sent. */
export interface LinkEvent {
	readonly type: "link";
	readonly isUp: boolean;
}

/**
 * A call of this program. Answered `kept` when it is on disk here, or was before with the same input; `refused` with
 * `conflict` when it was with another, with `overloaded` when there is no room.
 *
 * An outbox in memory answers `kept` when the domain has accepted the call, and otherwise passes on why not: `refused`, with
 * `unavailable` at once while the link is down.
 */
export interface KeepEvent {
	readonly type: "keep";
	readonly ask: number;
	/** Bare JID of the service: where it is submitted. */
	readonly to: string;
	readonly submission: Submission;
}

/**
 * Answered `settled` when the call has its outcome, however long that takes. The domain is asked about a call that is not
 * known here, which may have been made by another process of the account: `refused` with `not-found` if it does not know it (any more).
 */
export interface WaitEvent {
	readonly type: "wait";
	readonly ask: number;
	readonly to: string;
	readonly id: string;
}

/** Whoever had this ask does not wait any longer: it is not answered, unless it has been. The call goes on. */
export interface StopWaitingEvent {
	readonly type: "stop-waiting";
	/** Of a {@link WaitEvent}, a {@link CancelCallEvent} or a {@link KeepEvent}. */
	readonly ask: number;
}

/**
 * Gives a call up. Answered `settled` with the outcome that it has then, whichever it is, or `refused` by the domain. Of a call
 * that is not known here it is said whether the domain knows it.
 */
export interface CancelCallEvent {
	readonly type: "cancel";
	readonly ask: number;
	readonly to: string;
	readonly id: string;
}

/** The domain tells of an outcome. Answered `received`, also for a call that is not known: nobody here waits for it. */
export interface ToldEvent {
	readonly type: "told";
	readonly ask: number;
	/** Bare JID of who tells it, as the server attests: believed if the call was submitted to it. */
	readonly from: string;
	readonly id: string;
	readonly attempts: number;
	readonly outcome: OutcomeText;
}

/** What the domain says about one item of a request. */
export interface OutboxAnsweredEvent {
	readonly type: "answered";
	readonly request: number;
	readonly result: DomainResult;
}

export type DomainResult =
	/** To `submit`: it is on disk there; `known`: it was before. */
	| { readonly is: "accepted" }
	| { readonly is: "known" }
	/** To `await`: it has no outcome yet; this node will be told. */
	| { readonly is: "state"; readonly state: string; readonly attempts: number }
	/** To `await` and `cancel`. `isUnknown`: it has not come there, and is cancelled if it does. */
	| { readonly is: "settled"; readonly attempts: number; readonly outcome: OutcomeText; readonly isUnknown?: boolean }
	| { readonly is: "refused"; readonly refusal: Refusal };

/** Nothing came, or an error for the stanza as a whole: nothing is known of what has become of the request. */
export interface OutboxUnansweredEvent {
	readonly type: "unanswered";
	readonly request: number;
	/** The error. An outbox in memory gives a call up that is refused like this, if that says that it was not executed. */
	readonly refusal?: Refusal | undefined;
}

/** What to do, once what led to it is on disk. In order. */
export type OutboxEffect = OutboxAnswer | SubmitEffect | AwaitEffect | CancelEffect | MissingEffect;

export interface OutboxAnswer {
	readonly type: "answer";
	readonly ask: number;
	readonly result: OutboxResult;
}

export type OutboxResult =
	| { readonly is: "kept" }
	/** `isUnknown`: it was not made here, and has not come to the domain, where it is cancelled if it does. */
	| { readonly is: "settled"; readonly attempts: number; readonly outcome: OutcomeText; readonly isUnknown?: boolean }
	/** The outcome is on disk here, or nobody wants it. */
	| { readonly is: "received" }
	| { readonly is: "refused"; readonly refusal: Refusal };

/** Submit a call and ask to be told of its outcome. Those of one release to one address may go in one stanza. */
export interface SubmitEffect {
	readonly type: "submit";
	readonly request: number;
	readonly to: string;
	/** With what is left of its durations. */
	readonly submission: Submission;
}

/** Ask what has become of a call, and to be told of its outcome. */
export interface AwaitEffect {
	readonly type: "await";
	readonly request: number;
	readonly to: string;
	readonly id: string;
}

export interface CancelEffect {
	readonly type: "cancel";
	readonly request: number;
	readonly to: string;
	readonly id: string;
	/** `undefined`: the call was made by another process. */
	readonly fn: string | undefined;
	/** Until when a copy of its submit may come. */
	readonly expiresMs: number;
}

/** For the log, as an error: a domain does not know a call any more that it had accepted. */
export interface MissingEffect {
	readonly type: "missing";
	readonly to: string;
	readonly id: string;
	readonly fn: string;
}
