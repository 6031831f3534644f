import type { Jid } from "@antiphon/protocol";
import type { Backlog, Delivery } from "../streams/send-queue.js";
import type { StreamErrorCondition } from "../streams/stream-error.js";
import type { WireStanza } from "../streams/wire-stanza.js";

/** Whoever is logged in: a client with its resource, or a component with its domain. */
export interface Peer {
	/** A client's full JID, a component's domain. */
	readonly jid: Jid;
	/** Who has to answer for what it sends, where room is short: its account's bare JID, its domain. */
	readonly payer: string;
	/** Bytes of one stanza that it may send. */
	readonly maxStanzaBytes: number;
	/** When the last byte came, by the server's clock. */
	readonly lastHeardMs: number;
	/** When the stanza began that it has not finished yet, by the server's clock. */
	readonly unfinishedSinceMs: number | undefined;
	readonly backlog: Backlog;
	/** Sends what it caused itself. If it does not read that, it is closed. */
	send(stanza: WireStanza): Delivery;
	/** Sends what another has to answer for. If there is no room, that is the other's business. */
	offer(stanza: WireStanza, payer: string): Delivery;
	/** Ends its stream with an error. */
	fail(condition: StreamErrorCondition, text: string): void;
}
