import type { RenewedLeases } from "@antiphon/protocol";
import type { DeliveredRun, LeasedRun, LeaseRef, OutcomeText, Refusal } from "../calls.js";

/**
 * What the inbox of a provider is told, one event for each item of a stanza, and what it wants done.
 *
 * `ask` is a number that who tells it makes up: an event that has one is answered with exactly one {@link InboxAnswer} that
 * carries it, or is refused by the engine because its batch was not stored. `request` is a number of the inbox: each request
 * is answered by one `answered` or `unanswered`, or by nothing, which is noticed after a while; what comes for one that is
 * over is ignored. What reaches the inbox of a domain has been believed before: `domain` is the one that attested sender
 * stanzas come from. Durations are in milliseconds, from now. `undefined` and missing are the same in what may be missing.
 *
 * After a start nothing is served. A batch that was not stored changes nothing of what the inbox knows of the world: what is
 * served is, and what runs runs.
 */
export type InboxEvent =
	| ServeEvent
	| CreditEvent
	| LeaveEvent
	| OfflineEvent
	| DeliveryEvent
	| EndedEvent
	| UnableEvent
	| LostLeaseEvent
	| PullNowEvent
	| InboxAnsweredEvent
	| InboxUnansweredEvent;

/** An instance of a service that is registered with a domain. */
export interface Place {
	/** The domain's JID: who leases calls. */
	readonly domain: string;
	readonly service: string;
	readonly instance: string;
}

/** The instance has been registered, anew, or takes more or fewer calls. It pulls. */
export interface ServeEvent extends Place {
	readonly type: "serve";
	/** Unfinished calls that it takes at most, in all: 0 to 1,000. 0: it drains. */
	readonly credit: number;
}

/** An instance that is served takes more or fewer calls than before, for the time being: as {@link ServeEvent}. It pulls. */
export interface CreditEvent extends Place {
	readonly type: "credit";
	readonly credit: number;
}

/** The instance is not registered any more. What it holds is brought to its end all the same. */
export interface LeaveEvent extends Place {
	readonly type: "leave";
}

/** The link is down. Nothing is sent to a domain until one of its instances is served again. */
export interface OfflineEvent {
	readonly type: "offline";
}

/**
 * A call. Answered `taken`, also for one that is a copy, or `refused`: with `conflict` when it is for another process or was
 * sent before the last pull, with `overloaded`. Executed is `no`, but `unknown` (with `conflict`) for a copy of a delivery of
 * whose call nothing is known any more. Refused by the engine it is `overloaded`, too, and not told again.
 */
export interface DeliveryEvent extends Place, DeliveredRun {
	readonly type: "deliver";
	readonly ask: number;
}

/** A handler has ended: what came of it. */
export interface EndedEvent {
	readonly type: "ended";
	readonly run: number;
	readonly outcome: OutcomeText;
	/** The engine has refused this event once, as there was no room for it: it is reported to the domain all the same. */
	readonly isUnkept?: boolean | undefined;
}

/** A run could not be started: it goes back, executed no. */
export interface UnableEvent {
	readonly type: "unable";
	readonly run: number;
	/** Until when this instance wants nothing. */
	readonly retryAfterMs?: number | undefined;
	/** Until when this call had better wait: it is not for want of room. */
	readonly afterMs?: number | undefined;
}

/** A hint of the domain: this lease is over. */
export interface LostLeaseEvent extends LeaseRef {
	readonly type: "lost";
	readonly domain: string;
}

/** A hint of the domain: it has forgotten what this instance takes. */
export interface PullNowEvent extends Place {
	readonly type: "pull-now";
}

/** What the domain says to a request. */
export interface InboxAnsweredEvent {
	readonly type: "answered";
	readonly request: number;
	readonly result: LeaseResult;
}

export type LeaseResult =
	/** To `pull`. */
	| { readonly is: "pulling"; readonly leaseMs: number }
	/** To `settle`. `refused` with `conflict`: the lease was not the last one. */
	| { readonly is: "recorded" }
	/** To `renew`. */
	| ({ readonly is: "renewed" } & RenewedLeases)
	/** To `release`. */
	| { readonly is: "released" }
	| { readonly is: "refused"; readonly refusal: Refusal };

/** Nothing came, or an error for the stanza as a whole: nothing is known of what has become of the request. */
export interface InboxUnansweredEvent {
	readonly type: "unanswered";
	readonly request: number;
}

/** What to do, once what led to it is on disk. In order. */
export type InboxEffect =
	| InboxAnswer
	| RunEffect
	| AbortEffect
	| PullEffect
	| SettleEffect
	| RenewEffect
	| ReleaseEffect
	| DroppedEffect;

export interface InboxAnswer {
	readonly type: "answer";
	readonly ask: number;
	readonly result: { readonly is: "taken" } | { readonly is: "refused"; readonly refusal: Refusal };
}

/** Run a call: ends in one `ended` or `unable`, also when it is aborted. */
export interface RunEffect extends Place, LeasedRun {
	readonly type: "run";
	/** Names this run in this process. */
	readonly run: number;
}

/** Nobody wants to know what comes of a run any more: its lease is lost. */
export interface AbortEffect {
	readonly type: "abort";
	readonly run: number;
}

/** Tell the domain how much an instance takes, and what it holds. */
export interface PullEffect extends Place {
	readonly type: "pull";
	readonly request: number;
	readonly credit: number;
	readonly session: string;
	/** Grows with each pull, also when one is repeated. */
	readonly number: number;
	readonly inbox: "durable" | "memory";
	/** All that it holds. */
	readonly held: readonly LeaseRef[];
}

/** Report what came of a run. Those of one release and instance may go in one stanza, and so it is with {@link ReleaseEffect}. */
export interface SettleEffect extends Place, LeaseRef {
	readonly type: "settle";
	readonly request: number;
	readonly outcome: OutcomeText;
}

/** Renew leases, at most 64; without items to hear whether the pull is known. */
export interface RenewEffect extends Place {
	readonly type: "renew";
	readonly request: number;
	readonly items: readonly LeaseRef[];
}

/** Hand a call back: `no`: it has not run; `unknown`: its process died while it had it. */
export interface ReleaseEffect extends Place, LeaseRef {
	readonly type: "release";
	readonly request: number;
	readonly executed: "no" | "unknown";
	/** As in {@link UnableEvent}. */
	readonly retryAfterMs?: number | undefined;
	readonly afterMs?: number | undefined;
}

/**
 * For the log: an outcome that the domain does not take. `fenced`: somebody else has got the call since, or it was settled
 * otherwise; `unheard`: the domain could not be told for a week.
 */
export interface DroppedEffect extends Place, LeaseRef {
	readonly type: "dropped";
	readonly why: "fenced" | "unheard";
	readonly sender: string;
	readonly id: string;
}
