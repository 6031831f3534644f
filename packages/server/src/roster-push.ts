import { randomBytes } from "node:crypto";
import { iq, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import type { Account } from "./client-session.js";
import type { RosterItem } from "./roster.js";

/** An item as it goes on the wire (RFC 6121, section 2.1.2). */
export function rosterItem(item: RosterItem): Element {
	return xml(
		"item",
		NS.roster,
		{
			jid: item.jid,
			name: item.name,
			subscription: item.subscription,
			ask: item.ask ? "subscribe" : undefined,
		},
		...item.groups.map((group) => xml("group", NS.roster, {}, group)),
	);
}

/** Tells every session that has asked for the roster (RFC 6121, section 2.1.6). Their answers are not waited for. */
export function pushRoster(account: Account, item: Element): void {
	for (const session of account.sessions.values()) {
		if (!session.wantsRoster) continue;
		const id = `push-${randomBytes(9).toString("base64url")}`;
		session.send(iq("set", { to: session.address, id }, xml("query", NS.roster, {}, item)));
	}
}
