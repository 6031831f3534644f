import type { IqRequest } from "@antiphon/link";
import type { BusError, Jid, Log, StanzaKind } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { Directory } from "./directory.js";
import type { QueryRequest } from "./query-request.js";

/** A stanza that a module is asked to handle. */
export interface Incoming {
	readonly stanza: Element;
	/** The child element that chose the handler. */
	readonly payload: Element;
	readonly from: Jid;
	readonly to: Jid;
}

/** A presence stanza. */
export type IncomingPresence = Omit<Incoming, "payload">;

/** The types of presence; `available` is presence without a type (RFC 6121, section 4.7.1). */
export type PresenceType =
	| "available"
	| "unavailable"
	| "probe"
	| "subscribe"
	| "subscribed"
	| "unsubscribe"
	| "unsubscribed";

/** What a module of a node can reach. Whatever it registers is undone when the node closes. */
export interface NodeHost {
	readonly directory: Directory;
	readonly log: Log;
	readonly software: { readonly name: string; readonly version: string };
	/** How much waits to be sent, see {@link Link.backlog}. */
	readonly backlog: number;
	/** The largest stanza that can be sent, in bytes, see {@link Link.maxStanzaBytes}. */
	readonly maxStanzaBytes: number;
	/** The domain in which every address is this node's, if it has one. */
	readonly ownedDomain: string | undefined;
	/**
	 * Handles stanzas of this kind with a child of this namespace and name. An `iq` is the handler's to answer: at once
	 * or later, see {@link send} and `handle-iq.ts`. @throws Error if another module does so already
	 */
	handle(kind: StanzaKind, payload: PayloadName, handler: (incoming: Incoming) => void): void;
	/** Gets presence of this type. Several modules may. */
	onPresence(type: PresenceType, handler: (incoming: IncomingPresence) => void): void;
	/** Called each time the link has come online. */
	onOnline(listener: () => void): void;
	/** Asks an entity and gives back the payload of its answer. @throws BusError */
	query(request: QueryRequest): Promise<Element | undefined>;
	/** Sends an `iq` and gives back the answer as it is, a result or an error. @throws BusError when there is none */
	ask(request: IqRequest): Promise<Element>;
	/** Milliseconds of a clock that only goes forward. */
	now(): number;
	/** Runs `action` again and again, until the node closes. */
	every(periodMs: number, action: () => void): void;
	/**
	 * Sends an answer, or any other stanza. Never throws: what cannot be sent is counted, and a line in the log.
	 * @param instead what to send if it is too large or finds no room: whoever asked must not wait for nothing
	 */
	send(answer: Element, instead?: (error: BusError) => Element): void;
	/**
	 * Asked before an answer that costs its asker little: everything but the outcome of a call that has run. `false` while too
	 * much waits to be sent and this account has had its share: then there is to be no answer. That has been counted.
	 */
	affords(from: Jid): boolean;
	/**
	 * Has queries and commands take turns from now on, account by account and a few milliseconds at a time: for a node that
	 * many ask for what takes long.
	 * @param laneOf in which of a few lanes somebody waits, by any names: those in one do not wait for those in another
	 */
	takeTurns(laneOf: (who: Jid) => string): void;
	/**
	 * Does what somebody has asked for: at once or, where the node {@link takeTurns}, when it is the turn of its account; or
	 * else `refuse`, when too much of it waits.
	 */
	inTurn(from: Jid, work: () => void, refuse: () => void): void;
	/** Announces a feature in disco#info. */
	feature(ns: string): void;
	readonly features: readonly string[];
}

export interface PayloadName {
	readonly ns: string;
	readonly name: string;
}

/** A capability of a node: one file, in the list of `answers.ts`, of the node itself or of `NodeOptions.modules`. */
export type NodeModule = (host: NodeHost) => void;
