import type { BusError, Jid, Log, StanzaKind } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { Directory } from "./directory.js";

/** A stanza that a module is asked to handle. */
export interface Incoming {
	readonly stanza: Element;
	/** The child element that chose the handler. */
	readonly payload: Element;
	readonly from: Jid;
	readonly to: Jid;
}

/** What a module of a node can reach. Whatever it registers is undone when the node closes. */
export interface NodeHost {
	readonly directory: Directory;
	readonly log: Log;
	readonly software: { readonly name: string; readonly version: string };
	/** How much waits to be sent, see {@link Link.backlog}. */
	readonly backlog: number;
	/** The domain in which every address is this node's, if it has one. */
	readonly ownedDomain: string | undefined;
	/**
	 * Handles stanzas of this kind with a child of this namespace and name. An `iq` is the handler's to answer: at once
	 * or later, see {@link send} and `query.ts`. @throws Error if another module does so already
	 */
	handle(kind: StanzaKind, payload: PayloadName, handler: (incoming: Incoming) => void): void;
	/**
	 * Sends an answer. Never throws: what cannot be sent is counted, and a line in the log.
	 * @param instead what to send if it is too large or finds no room: whoever asked must not wait for nothing
	 */
	send(answer: Element, instead?: (error: BusError) => Element): void;
	/** Announces a feature in disco#info. */
	feature(ns: string): void;
	readonly features: readonly string[];
}

export interface PayloadName {
	readonly ns: string;
	readonly name: string;
}

/** A capability of a node: one file, registered in `answers.ts`. */
export type NodeModule = (host: NodeHost) => void;
