import { NS, type StanzaError } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import type { Where } from "../host/features.js";
import type { ModuleHost } from "../host/host.js";
import { seenByContact } from "../peers/subscription.js";
import type { Arrival } from "../routing/arrival.js";
import { NOBODY } from "../routing/refusals.js";

const NO_SUCH_NODE: StanzaError = { type: "cancel", condition: "item-not-found", text: "there is no such node" };

/**
 * Service Discovery (XEP-0030). The server lists the component domains that are connected. An account answers its owner
 * and those who may see its presence; for all others it looks like one that does not exist.
 */
export function disco(host: ModuleHost): void {
	const identities: Record<Where, Element> = {
		server: identity("server", "im", "Antiphon embedded server"),
		account: identity("account", "registered"),
	};
	for (const where of ["server", "account"] as const) {
		host.feature(where, NS.discoInfo);
		host.feature(where, NS.discoItems);
		host.serve(where, "iq-get", { ns: NS.discoInfo, name: "query" }, (arrival) =>
			answer(arrival, () => [
				identities[where],
				...host.features(where).map((feature) => xml("feature", NS.discoInfo, { var: feature })),
			]),
		);
		host.serve(where, "iq-get", { ns: NS.discoItems, name: "query" }, (arrival) =>
			answer(arrival, () => (where === "server" ? componentItems(host) : resourceItems(arrival))),
		);
	}
}

function answer(arrival: Arrival, children: () => Element[]): void {
	const { payload } = arrival;
	if (payload === undefined) return;
	const node = payload.attr("node");
	if (!mayAsk(arrival)) arrival.refuse(NOBODY);
	else if (node !== undefined && node !== "") arrival.refuse(NO_SUCH_NODE);
	else arrival.reply(xml("query", payload.ns, { node }, ...children()));
}

function mayAsk({ account, from }: Arrival): boolean {
	if (account === undefined) return true;
	const asker = from.bare();
	return asker.equals(account.jid) || seenByContact(account.roster.get(asker.toString()));
}

function componentItems(host: ModuleHost): Element[] {
	return host.components().map(({ domain }) => xml("item", NS.discoItems, { jid: domain }));
}

/** The available resources: who may ask sees their presence anyway (XEP-0030, section 8). */
function resourceItems({ account }: Arrival): Element[] {
	const sessions = [...(account?.sessions.values() ?? [])].filter((session) => session.available !== undefined);
	return sessions.map((session) => xml("item", NS.discoItems, { jid: session.address }));
}

function identity(category: string, type: string, name?: string): Element {
	return xml("identity", NS.discoInfo, { category, type, name });
}
