import type { Jid, Log, StanzaKind } from "@antiphon/protocol";
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

/** Returns the payload of the result, or nothing for an empty one. Throws a BusError to answer with that error. */
export type IncomingHandler = (incoming: Incoming) => Element | undefined | Promise<Element | undefined>;

/** What a module of a node can reach. Whatever it registers is undone when the node closes. */
export interface NodeHost {
	readonly directory: Directory;
	readonly log: Log;
	readonly software: { readonly name: string; readonly version: string };
	/** The domain in which every address is this node's, if it has one. */
	readonly ownedDomain: string | undefined;
	/** Handles an `iq` of this kind with a child of this namespace and name. */
	route(kind: Extract<StanzaKind, "iq-get" | "iq-set">, ns: string, name: string, handler: IncomingHandler): void;
	/** Announces a feature in disco#info. */
	feature(ns: string): void;
	readonly features: readonly string[];
}

/** A capability of a node: one file, registered in `answers.ts`. */
export type NodeModule = (host: NodeHost) => void;
