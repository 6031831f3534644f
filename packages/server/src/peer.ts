import type { Jid } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { StreamErrorCondition } from "./stream-error.js";

/** Whoever is logged in: a client with its resource, or a component with its domain. */
export interface Peer {
	/** A client's full JID, a component's domain. */
	readonly jid: Jid;
	/** When the last byte came, by the server's clock. */
	readonly lastHeardMs: number;
	send(stanza: Element): void;
	/** Ends its stream with an error. */
	fail(condition: StreamErrorCondition, text: string): void;
}
