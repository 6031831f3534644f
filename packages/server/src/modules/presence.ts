import { type Jid, presence as presenceStanza, type StanzaError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { Arrival } from "../arrival.js";
import type { Account, ClientSession } from "../client-session.js";
import type { ModuleHost } from "../host.js";
import type { OutgoingPresence } from "../presence-table.js";
import { seenByContact, seesContact } from "../subscription.js";

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
			host.route(out.stanza, out.session);
		},
		incoming: deliverToAvailable,
	});
	host.on("closed", (session) => {
		becomeUnavailable(host, session, presenceStanza({ type: "unavailable", from: session.address }));
	});
}

function becomeAvailable(host: ModuleHost, { session, stanza, refuse }: OutgoingPresence): void {
	const priority = readPriority(stanza);
	if (typeof priority !== "number") {
		refuse(priority);
		return;
	}
	const before = session.available;
	session.available = { stanza, priority };
	for (const jid of audience(session.account)) {
		// Who sees the broadcast needs no other word at the end.
		session.directed.delete(jid);
		host.route(stanza.with({ to: jid }));
	}
	for (const own of availableSessions(session.account)) sendTo(own, stanza);
	if (before === undefined) {
		for (const own of availableSessions(session.account)) {
			if (own !== session && own.available !== undefined) sendTo(session, own.available.stanza);
		}
		for (const item of session.account.roster.listed()) {
			if (seesContact(item)) host.route(presenceStanza({ type: "probe", from: session.address, to: item.jid }));
		}
		host.emit("available", session);
	}
	if (priority >= 0 && (before === undefined || before.priority < 0)) host.emit("receptive", session);
}

/** Tells everybody who was told that it is available. Without any of those, nothing happens. */
function becomeUnavailable(host: ModuleHost, session: ClientSession, stanza: Element): void {
	const told = new Set(session.directed);
	session.directed.clear();
	if (session.available !== undefined) {
		session.available = undefined;
		for (const jid of audience(session.account)) told.add(jid);
		for (const own of availableSessions(session.account)) sendTo(own, stanza);
		if (session.account.sessions.get(session.jid.resource ?? "") === session) sendTo(session, stanza);
	}
	for (const jid of told) host.route(stanza.with({ to: jid }));
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
	host.route(stanza, session);
}

/** Presence for a bare JID goes to all its available resources (RFC 6121, section 8.5.2.1.2). */
function deliverToAvailable({ account, stanza }: Arrival): void {
	if (account === undefined) return;
	for (const session of availableSessions(account)) session.send(stanza);
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

function sendTo(session: ClientSession, stanza: Element): void {
	session.send(stanza.with({ to: session.address }));
}

/** RFC 6121, section 4.7.2.3 */
function readPriority(stanza: Element): number | StanzaError {
	const text = stanza.child("priority", stanza.ns)?.text().trim();
	if (text === undefined) return 0;
	const priority = /^[+-]?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
	if (priority >= -128 && priority <= 127) return priority;
	return { type: "modify", condition: "bad-request", text: "a priority is a whole number from -128 to 127" };
}
