import { type Jid, presence } from "@antiphon/protocol";
import type { ModuleHost } from "../host/host.js";
import { pushRoster } from "../host/roster-push.js";
import type { Account } from "../peers/client-session.js";
import type { Peer } from "../peers/peer.js";
import { type RosterItem, rosterItem } from "../peers/roster.js";
import {
	afterReceiving,
	afterSending,
	SUBSCRIPTION_TYPES,
	type SubscriptionState,
	type SubscriptionType,
	seenByContact,
} from "../peers/subscription.js";
import type { Arrival } from "../routing/arrival.js";
import type { OutgoingPresence } from "../routing/presence-table.js";
import { TOO_LARGE } from "../routing/refusals.js";

/** Characters of a request that are kept as they came; of a longer one only that it came. */
const MAX_REQUEST_CHARS = 4096;

/**
 * Presence subscriptions (RFC 6121, section 3): the state machine of subscription.ts on the rosters of both sides, the
 * roster pushes, and requests kept for those who are offline.
 */
export function subscriptions(host: ModuleHost): void {
	for (const type of SUBSCRIPTION_TYPES) {
		host.presence(type, {
			bare: true,
			outgoing: (out) => send(host, type, out),
			incoming: (arrival) => receive(host, type, arrival),
		});
	}
	// A request is repeated at every login until it is answered (section 3.1.3).
	host.on("available", (session) => {
		for (const { request } of session.account.roster.all()) if (request !== undefined) session.sendText(request);
	});
}

function send(host: ModuleHost, type: SubscriptionType, out: OutgoingPresence): void {
	const { session, stanza, to, refuse } = out;
	if (to === undefined || to.equals(session.account.jid)) {
		refuse({ type: "modify", condition: "bad-request", text: `${type} needs the JID of somebody else in to` });
		return;
	}
	const { account } = session;
	const before = account.roster.get(to.toString());
	const state = afterSending(before, type);
	if (state === undefined) return;
	if (!change(host, account, before, state, type === "subscribe" || type === "subscribed")) {
		const text = `a roster has at most ${host.limits.maxRosterItems} items and ${host.limits.maxRosterBytes} bytes`;
		refuse({ type: "wait", condition: "resource-constraint", text });
		return;
	}
	host.route(stanza, session.account.jid, to, session);
	if (type === "subscribed") announce(host, account, to, "available");
	if (type === "unsubscribed" && seenByContact(before)) announce(host, account, to, "unavailable");
}

function receive(host: ModuleHost, type: SubscriptionType, { account, from, stanza, sender, refuse }: Arrival): void {
	if (account === undefined) return;
	const contact = from.bare();
	const before = account.roster.get(contact.toString());
	const addresses = { from: contact.toString(), to: account.jid.toString() };
	if (type === "subscribe" && seenByContact(before)) {
		// The contact may have lost its state: it is told again (section 3.1.3).
		const again = presence({ type: "subscribed", from: addresses.to, to: addresses.from });
		host.route(host.compose(again), account.jid, contact, sender);
		announce(host, account, contact, "available", sender);
		return;
	}
	const bare = host.compose(stanza.element.with(addresses));
	const text = bare.writing?.text;
	if (text === undefined) {
		refuse(TOO_LARGE);
		return;
	}
	const long = text.length > MAX_REQUEST_CHARS;
	const kept = long ? (host.compose(presence({ type, ...addresses })).writing?.text ?? "") : text;
	const state = afterReceiving(before, type, kept);
	if (state === undefined) return;
	if (!change(host, account, before, state, false)) {
		const { maxSubscriptionRequests } = host.limits;
		const reason = `the account keeps at most ${maxSubscriptionRequests} requests, or its roster is full`;
		refuse({ type: "wait", condition: "resource-constraint", text: reason });
		return;
	}
	const available = [...account.sessions.values()].filter((session) => session.available !== undefined);
	host.deliver(bare, available, contact, sender);
	if (type === "unsubscribe" && seenByContact(before)) announce(host, account, contact, "unavailable", sender);
}

/** Stores a new state and tells the account's sessions. @returns false when there is no room for it */
function change(
	host: ModuleHost,
	account: Account,
	before: RosterItem,
	state: SubscriptionState,
	list: boolean,
): boolean {
	const item: RosterItem = { ...before, ...state, listed: before.listed || list };
	if (!account.roster.set(item)) return false;
	const visible = before.subscription !== item.subscription || before.ask !== item.ask || before.listed !== item.listed;
	if (item.listed && visible) pushRoster(host, account, rosterItem(item));
	return true;
}

/** Tells a contact about each available resource, or that each is gone for it. */
function announce(host: ModuleHost, account: Account, to: Jid, what: "available" | "unavailable", sender?: Peer): void {
	for (const session of account.sessions.values()) {
		if (session.available === undefined) continue;
		const gone = host.compose(presence({ type: "unavailable", from: session.address }));
		const stanza = what === "available" ? session.available.stanza : gone;
		host.route(stanza.to(to.toString()), session.jid, to, sender);
	}
}
