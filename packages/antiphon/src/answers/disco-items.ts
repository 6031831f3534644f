import { type DiscoItem, encodeDiscoItems, type Jid, NS } from "@antiphon/protocol";
import { addressOf, type Subject } from "../directory.js";
import type { NodeHost, NodeModule } from "../node-host.js";
import { handleQuery } from "../query.js";
import { existing } from "./existing.js";

/** XEP-0030 disco#items: from a node to its services, from a service to its functions. */
export const discoItems: NodeModule = (host) => {
	host.feature(NS.discoItems);
	handleQuery(host, { ns: NS.discoItems, name: "query" }, ({ payload, to }) => {
		const node = payload.attr("node");
		return encodeDiscoItems(itemsOf(host, existing(host, to, node), to), node);
	});
};

function itemsOf(host: NodeHost, subject: Subject, to: Jid): DiscoItem[] {
	switch (subject.kind) {
		case "node":
			return host.directory
				.services()
				.map(({ service: { name, version } }) => itemAt(host, to, name, undefined, `${name} ${version}`));
		case "service": {
			const { service, description } = subject.served;
			return Object.entries(description.functions).map(([fn, { summary }]) =>
				itemAt(host, to, service.name, fn, summary ?? `${service.name}.${fn}`),
			);
		}
		case "function":
			return [];
	}
}

/** In an owned domain an item has an address of its own; elsewhere it is a disco node of the address that was asked. */
function itemAt(host: NodeHost, to: Jid, service: string, fn: string | undefined, name: string): DiscoItem {
	if (host.ownedDomain !== undefined && to.domain === host.ownedDomain) {
		return { jid: addressOf(host.ownedDomain, service, fn).toString(), name };
	}
	return { jid: to.toString(), node: fn === undefined ? service : `${service}.${fn}`, name };
}
