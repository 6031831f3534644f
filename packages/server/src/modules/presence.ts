import { Jid, presence as presenceStanza, type StanzaError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { ModuleHost } from "../host/host.js";
import type { Account, ClientSession } from "../peers/client-session.js";
import { seenByContact, seesContact } from "../peers/subscription.js";
import type { Arrival } from "../routing/arrival.js";
import type { OutgoingPresence } from "../routing/presence-table.js";
import type { WireStanza } from "../streams/wire-stanza.js";

/**
 * Availability (RFC 6121, section 4): broadcast to those who may see it, to the account's own resources, directed
 * presence (section 4.6), and the end of all of it, whether the client says so or its connection breaks.
 */
export function presence(host: ModuleHost): void {
	host.presence("available", {
		bare: false,
		outgoing: (out) => (out.to === undefined ? becomeAvailable(host, out) : direct(host, out, out.to)),
		incoming: deliverToAvailable,
	});
	host.presence("unavailable", {
		bare: false,
		outgoing: (out) => {
			if (out.to === undefined) {
				becomeUnavailable(host, out.session, out.stanza);
				return;
			}
			out.session.directed.delete(out.to.toString());
			host.route(out.stanza, out.from, out.to, out.session);
		},
		incoming: deliverToAvailable,
	});
	host.on("closed", (session) => {
		const gone = presenceStanza({ type: "unavailable", from: session.address });
		becomeUnavailable(host, session, host.compose(gone));
	});
}

function becomeAvailable(host: ModuleHost, { session, stanza, refuse }: OutgoingPresence): void {
	const priority = readPriority(stanza.element);
	if (typeof priority !== "number") {
		refuse(priority);
		return;
	}
	const before = session.available;
	session.available = { stanza: stanza.kept(), priority };
	for (const jid of audience(session.account)) {
		// Who sees the broadcast needs no other word at the end.
		session.directed.delete(jid);
		tell(host, session, stanza, jid);
	}
	for (const own of availableSessions(session.account)) sendTo(host, own, stanza, session);
	if (before === undefined) {
		for (const own of availableSessions(session.account)) {
			if (own !== session && own.available !== undefined) sendTo(host, session, own.available.stanza, session);
		}
		const probe = host.compose(presenceStanza({ type: "probe", from: session.address }));
		for (const item of session.account.roster.listed()) {
			if (seesContact(item)) tell(host, session, probe, item.jid);
		}
		host.emit("available", session);
	}
	if (priority >= 0 && (before === undefined || before.priority < 0)) host.emit("receptive", session);
}

/** Tells everybody who was told that it is available. Without any of those, nothing happens. */
function becomeUnavailable(host: ModuleHost, session: ClientSession, stanza: WireStanza): void {
	const told = new Set(session.directed);
	session.directed.clear();
	if (session.available !== undefined) {
		session.available = undefined;
		for (const jid of audience(session.account)) told.add(jid);
		for (const own of availableSessions(session.account)) sendTo(host, own, stanza, session);
		const { sessions } = session.account;
		if (sessions.get(session.jid.resource ?? "") === session) sendTo(host, session, stanza, session);
	}
	for (const jid of told) tell(host, session, stanza, jid);
}

function direct(host: ModuleHost, { session, stanza, refuse }: OutgoingPresence, to: Jid): void {
	const jid = to.toString();
	const seesAnyway = session.available !== undefined && to.resource === undefined && audienceHas(session.account, jid);
	if (!seesAnyway && !session.directed.has(jid)) {
		if (session.directed.size >= host.limits.maxDirectedPresence) {
			const text = `a session can have directed presence to ${host.limits.maxDirectedPresence} addresses`;
			refuse({ type: "wait", condition: "resource-constraint", text });
			return;
		}
		session.directed.add(jid);
	}
	host.route(stanza, session.jid, to, session);
}

/** Presence for a bare JID goes to all its available resources (RFC 6121, section 8.5.2.1.2). */
function deliverToAvailable({ account, deliver }: Arrival): void {
	if (account !== undefined) deliver(availableSessions(account));
}

function availableSessions(account: Account): ClientSession[] {
	return [...account.sessions.values()].filter((session) => session.available !== undefined);
}

/** The bare JIDs that may see the account's presence. */
function audience(account: Account): string[] {
	const jids: string[] = [];
	for (const item of account.roster.listed()) if (seenByContact(item)) jids.push(item.jid);
	return jids;
}

function audienceHas(account: Account, jid: string): boolean {
	return seenByContact(account.roster.get(jid));
}

/** To a bare JID, by the server for the session: nobody hears of what becomes of it. */
function tell(host: ModuleHost, session: ClientSession, stanza: WireStanza, jid: string): void {
	host.route(stanza.to(jid), session.jid, Jid.parse(jid));
}

/** To a session of the same account. */
function sendTo(host: ModuleHost, own: ClientSession, stanza: WireStanza, session: ClientSession): void {
	host.deliver(stanza.to(own.address), [own], session.jid, session);
}

/** RFC 6121, section 4.7.2.3 */
function readPriority(stanza: Element): number | StanzaError {
	const text = stanza.child("priority", stanza.ns)?.text().trim();
	if (text === undefined) return 0;
	const priority = /^[+-]?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
	if (priority >= -128 && priority <= 127) return priority;
	return { type: "modify", condition: "bad-request", text: "a priority is a whole number from -128 to 127" };
}
