import {
	decodeNodesRequest,
	decodePageRequest,
	encodeNodes,
	MAX_NODES,
	type NodesRequest,
	NS,
	pageOf,
	type RegisteredInstance,
} from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import { handleGet } from "antiphon/modules";
import { requireAdmin } from "../host/administrators.js";
import type { DomainModule } from "../host/domain-host.js";
import { instanceLine } from "../registry/instance-line.js";
import type { Instance, Registry } from "../registry/registry.js";

/** Of one answer: a stanza of 64 KiB can be sent everywhere (docs/protocol.md, "Limits"). */
const PAGE = { maxItems: MAX_NODES, maxBytes: 48 * 1024 };

/** Administrators see what is registered, in pages (docs/protocol.md, "Operating a domain"; XEP-0059). */
export const nodes: DomainModule = (host) => {
	const { node, registry } = host;
	node.feature(NS.stats);
	handleGet(node, { ns: NS.stats, name: "nodes" }, ({ payload, from }) => {
		requireAdmin(host, from, "see who serves what");
		const asked = named(registry, decodeNodesRequest(payload));
		const all = new Map(asked.map((instance) => [`${instance.service}/${instance.instance}`, instance]));
		const itemOf = (uid: string) => {
			const line = lineOf(all.get(uid) as Instance, node.now());
			return { uid, line, bytes: Buffer.byteLength(serialize(encodeNodes([line]))) };
		};
		const { items, position } = pageOf([...all.keys()].sort(), itemOf, decodePageRequest(payload) ?? {}, PAGE);
		return encodeNodes(
			items.map(({ line }) => line),
			position.count === 0 ? undefined : position,
		);
	});
};

function named(registry: Registry, { service, instance }: NodesRequest): Instance[] {
	const services = service === undefined ? registry.services() : [service];
	return services.flatMap((each) =>
		instance === undefined ? registry.instances(each) : (registry.find({ service: each, instance }) ?? []),
	);
}

function lineOf(instance: Instance, nowMs: number): RegisteredInstance {
	const { service, sinceMs, heardMs } = instance;
	return { ...instanceLine(instance), service, registeredMs: nowMs - sinceMs, heardMs: nowMs - heardMs };
}
