import { Jid, NS, presence, type StanzaError } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import type { ModuleHost } from "../host/host.js";
import { pushRoster } from "../host/roster-push.js";
import type { Account, ClientSession } from "../peers/client-session.js";
import { type RosterItem, rosterItem } from "../peers/roster.js";
import { seenByContact, seesContact } from "../peers/subscription.js";
import type { Arrival } from "../routing/arrival.js";

/** Characters of a name or a group (RFC 6121, section 2.3.3 leaves the number to the server). */
const MAX_NAME_CHARS = 1023;

/** Roster management (RFC 6121, section 2): get, set, remove, and the pushes. Subscriptions have a module of their own. */
export function roster(host: ModuleHost): void {
	host.serve("account", "iq-get", { ns: NS.roster, name: "query" }, (arrival) => {
		const session = ownSession(arrival);
		if (session === undefined) return;
		session.wantsRoster = true;
		arrival.replyWritten(session.account.roster.written);
	});
	host.serve("account", "iq-set", { ns: NS.roster, name: "query" }, (arrival) => {
		const session = ownSession(arrival);
		if (session === undefined) return;
		const change = readChange(arrival, host.limits.maxRosterGroups);
		if ("condition" in change) {
			arrival.refuse(change);
		} else if (change.remove) {
			remove(host, session.account, change.item.jid, arrival);
		} else {
			const item = { ...session.account.roster.get(change.item.jid), ...change.item, listed: true };
			if (!session.account.roster.set(item)) {
				arrival.refuse({
					type: "wait",
					condition: "resource-constraint",
					text: `a roster has at most ${host.limits.maxRosterItems} items and ${host.limits.maxRosterBytes} bytes`,
				});
				return;
			}
			arrival.reply();
			pushRoster(host, session.account, rosterItem(item));
		}
	});
}

/** A roster is its owner's alone (RFC 6121, section 2.1.5). */
function ownSession({ account, from, refuse }: Arrival): ClientSession | undefined {
	if (account !== undefined && from.bare().equals(account.jid) && from.resource !== undefined) {
		return account.sessions.get(from.resource);
	}
	refuse({ type: "auth", condition: "forbidden", text: "a roster is for its owner alone" });
	return undefined;
}

interface RosterChange {
	readonly remove: boolean;
	readonly item: { readonly jid: string; readonly name: string | undefined; readonly groups: readonly string[] };
}

/** Checks of RFC 6121, section 2.3.3. */
function readChange({ payload }: Arrival, maxGroups: number): RosterChange | StanzaError {
	const items = payload?.elements("item", NS.roster) ?? [];
	const [item] = items;
	if (item === undefined || items.length > 1) return wrong("bad-request", "a roster set has exactly one item");
	const jid = Jid.tryParse(item.attr("jid"));
	if (jid === undefined) return wrong(item.attr("jid") === undefined ? "bad-request" : "jid-malformed", "no valid jid");
	const groups = item.elements("group", NS.roster).map((group) => group.text());
	const name = item.attr("name");
	if (new Set(groups).size !== groups.length) return wrong("bad-request", "a group is named twice");
	if (groups.length > maxGroups) return wrong("not-acceptable", `an item has at most ${maxGroups} groups`);
	if (groups.some((group) => group === "")) return wrong("not-acceptable", "a group without a name");
	if ([name ?? "", ...groups].some((text) => text.length > MAX_NAME_CHARS)) {
		return wrong("not-acceptable", `names have at most ${MAX_NAME_CHARS} characters`);
	}
	const remove = item.attr("subscription") === "remove";
	return { remove, item: { jid: jid.bare().toString(), name: name === "" ? undefined : name, groups } };
}

function wrong(condition: StanzaError["condition"], text: string): StanzaError {
	return { type: "modify", condition, text };
}

/** Removing an item ends the subscriptions both ways (RFC 6121, section 2.5.2). */
function remove(host: ModuleHost, account: Account, jid: string, arrival: Arrival): void {
	const item: RosterItem = account.roster.get(jid);
	if (!item.listed) {
		arrival.refuse({ type: "cancel", condition: "item-not-found", text: "it is not in the roster" });
		return;
	}
	account.roster.delete(jid);
	arrival.reply();
	pushRoster(host, account, xml("item", NS.roster, { jid, subscription: "remove" }));
	const to = Jid.parse(jid);
	const tell = (from: Jid, type: string): void =>
		host.route(host.compose(presence({ from: from.toString(), to: jid, type })), from, to);
	const bare = account.jid;
	if (seesContact(item) || item.ask) tell(bare, "unsubscribe");
	if (seenByContact(item) || item.request !== undefined) tell(bare, "unsubscribed");
	if (!seenByContact(item)) return;
	for (const session of account.sessions.values()) {
		if (session.available !== undefined) tell(session.jid, "unavailable");
	}
}
