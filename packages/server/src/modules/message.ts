import { NS, type StanzaError } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import type { ModuleHost } from "../host/host.js";
import type { Account, ClientSession } from "../peers/client-session.js";
import type { Arrival } from "../routing/arrival.js";
import { NOBODY, TOO_LARGE } from "../routing/refusals.js";
import { WireStanza } from "../streams/wire-stanza.js";

/** XEP-0203 */
const DELAY = "urn:xmpp:delay";
/** XEP-0160 */
const OFFLINE_FEATURE = "msgoffline";

const STORE_FULL: StanzaError = {
	type: "cancel",
	condition: "service-unavailable",
	text: "the account is offline and its store is full",
};

/**
 * Messages for a bare JID, and for a resource that is gone (RFC 6121, section 8.5). The RFC leaves choices; made are:
 *
 * | type          | bare JID, somebody available            | bare JID, nobody available | resource gone       |
 * | ------------- | --------------------------------------- | -------------------------- | ------------------- |
 * | chat          | the available with the highest priority | kept, see below            | as for the bare JID |
 * | normal, other | the available with the highest priority | kept, see below            | service-unavailable |
 * | headline      | all available of priority 0 or more     | dropped                    | dropped             |
 * | groupchat     | service-unavailable                     | service-unavailable        | service-unavailable |
 * | error         | dropped                                 | dropped                    | dropped             |
 *
 * Available means: with a priority of 0 or more. Kept (XEP-0160) means: delivered with a time stamp as soon as somebody
 * is available; past the bounds on number and bytes, `service-unavailable`. A chat message without body (such as
 * "is typing") is dropped instead.
 */
export function message(host: ModuleHost): void {
	host.feature("server", OFFLINE_FEATURE);
	host.serve("account", "message", undefined, (arrival) => {
		if (arrival.account !== undefined) toAccount(host, arrival, arrival.account);
	});
	host.on("receptive", (session) => {
		for (const text of session.account.offline.take()) session.sendText(text);
	});
}

function toAccount(host: ModuleHost, arrival: Arrival, account: Account): void {
	const type = arrival.stanza.type;
	if (type === "groupchat") {
		arrival.refuse(NOBODY);
	} else if (type === "headline") {
		if (arrival.to.resource === undefined) arrival.deliver(receptive(account));
	} else if (type !== "chat" && arrival.to.resource !== undefined) {
		arrival.refuse(NOBODY);
	} else {
		const sessions = receptive(account);
		const highest = Math.max(...sessions.map(priorityOf));
		if (sessions.length > 0) arrival.deliver(sessions.filter((session) => priorityOf(session) === highest));
		else keep(host, arrival, account);
	}
}

function keep(host: ModuleHost, { stanza, sender, refuse }: Arrival, account: Account): void {
	const { element } = stanza;
	if (stanza.type === "chat" && element.child("body", NS.client) === undefined) return;
	const delay = xml("delay", DELAY, { from: host.domain, stamp: new Date().toISOString() });
	const maxBytes = sender?.maxStanzaBytes ?? host.limits.maxStanzaBytes;
	const { writing } = WireStanza.of(element.withChildren(...element.children, delay), host.limits, maxBytes);
	if (writing === undefined) refuse(TOO_LARGE);
	else if (!account.offline.add(writing.text)) refuse(STORE_FULL);
}

function receptive(account: Account): ClientSession[] {
	return [...account.sessions.values()].filter((session) => priorityOf(session) >= 0);
}

const priorityOf = (session: ClientSession): number => session.available?.priority ?? Number.NEGATIVE_INFINITY;
