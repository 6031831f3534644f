import type { BusError, Jid } from "@antiphon/protocol";
import type { Element, Skipped } from "@antiphon/xml";

/**
 * The states of a link. Who changes them: the link alone.
 *
 * | from        | to          | when                                                            |
 * | ----------- | ----------- | --------------------------------------------------------------- |
 * | idle        | connecting  | `open()`                                                        |
 * | connecting  | online      | the stream is negotiated                                        |
 * | connecting  | waiting     | the attempt failed and another may succeed: always, unless the  |
 * |             |             | server refused us before we were ever online, or five times in  |
 * |             |             | a row since (over verified TLS, or on loopback)                 |
 * | online      | waiting     | the stream or the connection ended, or the peer is dead         |
 * | waiting     | connecting  | the back-off is over: 100 to 200 ms at first; up to 3 s between |
 * |             |             | short sessions, up to 30 s between attempts that failed         |
 * | any         | closed      | `close()`, `destroy()`, or an error that no retry can mend      |
 *
 * Which errors end a link, and how long it waits after the others: the table in retry-policy.ts.
 */
export type LinkState =
	| { readonly state: "idle" }
	| { readonly state: "connecting"; readonly attempt: number }
	| { readonly state: "online"; readonly jid: Jid }
	| { readonly state: "waiting"; readonly attempt: number; readonly retryInMs: number; readonly cause: BusError }
	| { readonly state: "closed"; readonly cause?: BusError };

export interface LinkEvents {
	/** A stanza arrived, in the namespace `jabber:client` whatever the kind of stream. */
	onStanza(stanza: Element): void;
	/**
	 * A stanza arrived that is over a limit of this side, and was read past. The link has answered it if it is a request; if
	 * it is an answer, `onStanza` gets an error `too-large` in its place.
	 */
	onSkipped?(skipped: Skipped): void;
	/** The state has changed. Called after the change, in order, never re-entrantly from `send`. */
	onState(state: LinkState): void;
}

/** A node's connection to its XMPP server. Passed in, never global. */
export interface Link {
	readonly kind: "client" | "component" | "memory";
	readonly state: LinkState;
	/** Largest stanza, in bytes, that the other side is known to take. */
	readonly maxStanzaBytes: number;
	/**
	 * How much waits to be sent, from 0 to 1. Of two shares the larger: of the bytes that may wait (what `send` has taken and
	 * the other side has not), and of 8 s, in the time that the server will take for it at the rate at which it has lately
	 * dealt with what it was sent. 0 when nothing waits, and while the link is not online.
	 */
	readonly backlog: number;
	/**
	 * The domain whose every JID belongs to this link (XEP-0114), if it is a component's.
	 */
	readonly ownedDomain: string | undefined;
	/**
	 * Asks for a domain that nobody owns. Only a link that can have one for the asking has this method: on a memory bus
	 * the first to serve in a domain owns it.
	 * @returns whether the domain is this link's now
	 */
	claim?(domain: string): boolean;
	/**
	 * Connects and keeps connected. Resolves once online for the first time; rejects with a BusError when that can't be
	 * or has not come about within `timeoutMs`. Called once.
	 */
	open(events: LinkEvents, options: { readonly timeoutMs: number }): Promise<void>;
	/**
	 * Hands a stanza over for sending. Stanzas sent in one turn of the event loop leave in one socket write. Returning
	 * says nothing about delivery: only an answer does.
	 * @throws BusError `link-lost` (executed no) when not online, `too-large` above maxStanzaBytes, `overloaded` when the
	 * outgoing buffer is full, `invalid-argument` when the stanza holds what XML cannot carry
	 */
	send(stanza: Element): void;
	/** Ends the stream in order: what was sent goes out first. Bounded in time; then as {@link destroy}. */
	close(): Promise<void>;
	/** Ends at once, without flushing. Idempotent. */
	destroy(cause?: BusError): void;
}
