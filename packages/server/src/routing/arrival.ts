import type { Jid, StanzaError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { Account } from "../peers/client-session.js";
import type { Peer } from "../peers/peer.js";
import type { Writing } from "../streams/send-queue.js";
import type { WireStanza } from "../streams/wire-stanza.js";

/** A stanza that the server itself has to deal with. */
export interface Arrival {
	/** With `from` and `to` stamped. */
	readonly stanza: WireStanza;
	/** The child element that the handler was chosen by. */
	readonly payload: Element | undefined;
	readonly from: Jid;
	readonly to: Jid;
	/** The account that `to` belongs to; `undefined` when it is the server. */
	readonly account: Account | undefined;
	/** Who sent it; `undefined` when it came about otherwise, and nobody is told what becomes of it. */
	readonly sender: Peer | undefined;
	/** Hands it on as it is. Refused when none of the receivers has room for it; to none at all, nothing happens. */
	deliver(receivers: readonly Peer[]): void;
	/** Answers an iq with a result. */
	reply(payload?: Element): void;
	/** The same with a payload that is written already, in the namespace `jabber:client`. */
	replyWritten(payload: Writing): void;
	/** Answers with an error; ignored for what must not be answered. */
	refuse(error: StanzaError): void;
}

export type Handler = (arrival: Arrival) => void;
