import type { Jid } from "@antiphon/protocol";
import type { WireStanza } from "../streams/wire-stanza.js";
import type { XmlStream } from "../streams/xml-stream.js";
import type { OfflineMessages } from "./offline-messages.js";
import type { Roster } from "./roster.js";
import { StreamPeer } from "./stream-peer.js";

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
export class ClientSession extends StreamPeer {
	readonly account: Account;
	/** The full JID as text, the stamp of its stanzas. */
	readonly address: string;
	/** `undefined` until it sends presence, and again after `unavailable`. */
	available: Availability | undefined;
	/** It has asked for the roster, so it gets roster pushes (RFC 6121, section 2.2). */
	wantsRoster = false;
	/** Whom it told that it is available, besides those who see it anyway: they hear of its end. Bounded. */
	readonly directed = new Set<string>();

	constructor(stream: XmlStream, account: Account, jid: Jid, maxStanzaBytes: number) {
		super(stream, jid, account.jid.toString(), maxStanzaBytes);
		this.account = account;
		this.address = jid.toString();
	}
}
