import {
	type DiscoItem,
	decodePageRequest,
	discoItemBytes,
	encodeDiscoItems,
	type Jid,
	NS,
	pageOf,
} from "@antiphon/protocol";
import { addressOf, type ServedSubject, type Subject } from "../host/directory.js";
import { handleGet } from "../host/handle-iq.js";
import type { NodeHost, NodeModule } from "../host/node-host.js";
import { existing } from "./existing.js";
import { nameOf } from "./subject-info.js";

/** Of one answer: a stanza of 64 KiB can be sent everywhere (docs/protocol.md, "Limits"). */
const PAGE = { maxItems: 500, maxBytes: 48 * 1024 };

/**
 * XEP-0030 disco#items: from a node to its services, from a service to its functions, as far as the asker may call them.
 * By name, and in pages (XEP-0059): who asks for none gets the first, with a `<set/>` if it is not all.
 */
export const discoItems: NodeModule = (host) => {
	host.feature(NS.discoItems);
	host.feature(NS.resultSet);
	handleGet(host, { ns: NS.discoItems, name: "query" }, (incoming) => {
		const { payload, from, to } = incoming;
		const node = payload.attr("node");
		const { uids, subjectAt } = subjectsIn(host, existing(host, incoming, node), from);
		const itemOf = (uid: string) => {
			const item = itemAt(host, to, subjectAt(uid));
			return { uid, item, bytes: discoItemBytes(item) };
		};
		const request = decodePageRequest(payload);
		const { items, position } = pageOf(uids, itemOf, request ?? {}, PAGE);
		const isAll = items.length === position.count;
		// An empty list is an empty query, also for those who know of pages (XEP-0059, section 2.2).
		const page = position.count === 0 || (isAll && request === undefined) ? undefined : position;
		return encodeDiscoItems(
			items.map(({ item }) => item),
			node,
			page,
		);
	});
};

/** What there is below an address: names, sorted, and what they stand for, which is looked up for one page alone. */
interface Subjects {
	readonly uids: readonly string[];
	subjectAt(uid: string): ServedSubject;
}

function subjectsIn(host: NodeHost, subject: Subject, asker: Jid): Subjects {
	if (subject.kind === "node") {
		const visible = host.directory.services().filter((served) => served.isVisibleTo(asker));
		const uids = visible.map((served) => served.service.name);
		return { uids, subjectAt: (name) => host.directory.find(name) as ServedSubject };
	}
	const { served } = subject;
	const names = subject.kind === "service" ? Object.keys(served.description.functions) : [];
	const uids = names.filter((fn) => served.isVisibleTo(asker, fn)).sort();
	return { uids, subjectAt: (fn) => ({ kind: "function", served, fn }) };
}

/** In an owned domain an item has an address of its own; elsewhere it is a disco node of the address that was asked. */
function itemAt(host: NodeHost, to: Jid, subject: ServedSubject): DiscoItem {
	const service = subject.served.service.name;
	const fn = subject.kind === "function" ? subject.fn : undefined;
	const name = nameOf(subject);
	if (host.ownedDomain !== undefined && to.domain === host.ownedDomain) {
		return { jid: addressOf(host.ownedDomain, service, fn).toString(), name };
	}
	return { jid: to.toString(), node: fn === undefined ? service : `${service}.${fn}`, name };
}
