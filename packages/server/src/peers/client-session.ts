import type { Jid } from "@antiphon/protocol";
import type { Backlog, Delivery } from "../streams/send-queue.js";
import type { StreamErrorCondition } from "../streams/stream-error.js";
import type { WireStanza } from "../streams/wire-stanza.js";
import type { XmlStream } from "../streams/xml-stream.js";
import type { OfflineMessages } from "./offline-messages.js";
import type { Peer } from "./peer.js";
import type { Roster } from "./roster.js";

/** One account: its password, its sessions, what is kept for it. */
export interface Account {
	readonly jid: Jid;
	readonly password: string;
	/** Bound sessions by resource. */
	readonly sessions: Map<string, ClientSession>;
	readonly roster: Roster;
	readonly offline: OfflineMessages;
}

/** What a session last told its contacts (RFC 6121, section 4). */
export interface Availability {
	/** The presence stanza, with the session's `from` and no `to`; kept as text. */
	readonly stanza: WireStanza;
	/** -128 to 127; below 0 the session gets no messages for the bare JID. */
	readonly priority: number;
}

/** A client that has logged in and bound its resource. What modules know about it stands here. */
export class ClientSession implements Peer {
	readonly #stream: XmlStream;
	readonly account: Account;
	readonly jid: Jid;
	/** The full JID as text, the stamp of its stanzas. */
	readonly address: string;
	readonly payer: string;
	readonly maxStanzaBytes: number;
	/** `undefined` until it sends presence, and again after `unavailable`. */
	available: Availability | undefined;
	/** It has asked for the roster, so it gets roster pushes (RFC 6121, section 2.2). */
	wantsRoster = false;
	/** Whom it told that it is available, besides those who see it anyway: they hear of its end. Bounded. */
	readonly directed = new Set<string>();

	constructor(stream: XmlStream, account: Account, jid: Jid, maxStanzaBytes: number) {
		this.#stream = stream;
		this.account = account;
		this.jid = jid;
		this.address = jid.toString();
		this.payer = account.jid.toString();
		this.maxStanzaBytes = maxStanzaBytes;
	}

	get lastHeardMs(): number {
		return this.#stream.lastHeardMs;
	}

	get unfinishedSinceMs(): number | undefined {
		return this.#stream.unfinishedSinceMs;
	}

	get backlog(): Backlog {
		return this.#stream.backlog;
	}

	send(stanza: WireStanza): Delivery {
		return this.#stream.sendStanza(stanza);
	}

	offer(stanza: WireStanza, payer: string): Delivery {
		return this.#stream.offer(stanza, payer);
	}

	/** Sends what was kept for it, as text. */
	sendText(text: string): void {
		this.#stream.sendText(text);
	}

	fail(condition: StreamErrorCondition, text: string): void {
		this.#stream.fail(condition, text);
	}
}
