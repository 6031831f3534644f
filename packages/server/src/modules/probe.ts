import { presence } from "@antiphon/protocol";
import type { ModuleHost } from "../host/host.js";
import { seenByContact } from "../peers/subscription.js";
import type { Arrival } from "../routing/arrival.js";

/**
 * Presence probes (RFC 6121, section 4.3): who may see an account's presence is told the presence of each available
 * resource, or that there is none; who may not is told `unsubscribed`, which says nothing about it.
 */
export function probe(host: ModuleHost): void {
	host.presence("probe", {
		bare: false,
		// A client has no need to probe; it is allowed, and gets what its account may see.
		outgoing: ({ session, stanza, to }) => {
			if (to !== undefined) host.route(stanza, session.jid, to, session);
		},
		incoming: (arrival) => answer(host, arrival),
	});
}

/** What a peer asked for is its own, as any answer; a probe that the server made at a login is nobody's. */
function answer(host: ModuleHost, { account, from, to, sender }: Arrival): void {
	if (account === undefined) return;
	const asker = from.toString();
	const isOwner = from.bare().equals(account.jid);
	if (!isOwner && !seenByContact(account.roster.get(from.bare().toString()))) {
		const [us, them] = [to.bare(), from.bare()];
		const no = presence({ type: "unsubscribed", from: us.toString(), to: them.toString() });
		host.route(host.compose(no), us, them, sender);
		return;
	}
	let available = 0;
	for (const session of account.sessions.values()) {
		if (session.available === undefined) continue;
		available++;
		host.route(session.available.stanza.to(asker), session.jid, from, sender);
	}
	if (available > 0) return;
	const none = presence({ type: "unavailable", from: account.jid.toString(), to: asker });
	host.route(host.compose(none), account.jid, from, sender);
}
