import type { Jid, StanzaError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { Account } from "./client-session.js";

/** A stanza that the server itself has to deal with. */
export interface Arrival {
	/** With `from` and `to` stamped. */
	readonly stanza: Element;
	/** The child element that the handler was chosen by. */
	readonly payload: Element | undefined;
	readonly from: Jid;
	readonly to: Jid;
	/** The account that `to` belongs to; `undefined` when it is the server. */
	readonly account: Account | undefined;
	/** Answers an iq with a result. */
	reply(payload?: Element): void;
	/** Answers with an error; ignored for what must not be answered. */
	refuse(error: StanzaError): void;
}

export type Handler = (arrival: Arrival) => void;
