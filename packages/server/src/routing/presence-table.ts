import type { Jid, StanzaError } from "@antiphon/protocol";
import type { ClientSession } from "../peers/client-session.js";
import type { SubscriptionType } from "../peers/subscription.js";
import type { WireStanza } from "../streams/wire-stanza.js";
import type { Handler } from "./arrival.js";

/** The types of presence that have a rule; `available` is presence without a type. An error has none. */
export type PresenceType = "available" | "unavailable" | "probe" | SubscriptionType;

/** A client's presence on its way out. */
export interface OutgoingPresence {
	readonly session: ClientSession;
	/** With `from` and `to` stamped; not larger than may be written. */
	readonly stanza: WireStanza;
	readonly from: Jid;
	/** `undefined` for a broadcast. */
	readonly to: Jid | undefined;
	refuse(error: StanzaError): void;
}

/** What the server does with one type of presence. */
export interface PresenceRule {
	/** It is between accounts: both addresses are stripped to the bare JID (RFC 6121, section 3). */
	readonly bare: boolean;
	/** A client sends it. Sending it on is the rule's business. */
	outgoing(presence: OutgoingPresence): void;
	/** It arrives for an account's bare JID. */
	readonly incoming: Handler;
}

/** The rules by type. */
export class PresenceTable {
	readonly #rules = new Map<string, PresenceRule>();

	/** @returns what takes the rule out again. @throws Error if the type has one */
	add(type: PresenceType, rule: PresenceRule): () => void {
		if (this.#rules.has(type)) throw new Error(`two rules for presence of type ${type}`);
		this.#rules.set(type, rule);
		return () => void this.#rules.delete(type);
	}

	get(type: string): PresenceRule | undefined {
		return this.#rules.get(type);
	}
}
