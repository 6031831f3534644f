import {
	decodeNodesRequest,
	encodeNodes,
	type InstanceName,
	type Labels,
	MAX_NODES,
	type Nodes,
	NS,
	type RegisteredInstance,
} from "@antiphon/protocol";
import { handleQuery } from "antiphon/modules";
import { requireAdmin } from "../administrators.js";
import type { DomainHost, DomainModule } from "../domain-host.js";
import { instanceLine } from "../instance-line.js";
import type { Instance } from "../registry.js";

/** Characters of labels on one page: 256 instances may have more of them than a stanza holds. */
const MAX_LABEL_CHARS = 32_768;

/** Administrators see what is registered (docs/protocol.md, "Operating a domain"). */
export const nodes: DomainModule = (host) => {
	host.node.feature(NS.stats);
	handleQuery(host.node, { ns: NS.stats, name: "nodes" }, ({ payload, from }) => {
		requireAdmin(host, from, "see who serves what");
		return encodeNodes(pageAfter(host, decodeNodesRequest(payload).after));
	});
};

function pageAfter({ registry, node }: DomainHost, after: InstanceName | undefined): Nodes {
	const page: RegisteredInstance[] = [];
	let labelChars = 0;
	const services = registry.services().filter((service) => after === undefined || service >= after.service);
	for (const service of services.sort()) {
		const behind = service === after?.service ? after.instance : "";
		const instances = registry.instances(service).filter(({ instance }) => instance > behind);
		for (const instance of instances.sort(byName)) {
			labelChars += charsOf(instance.labels);
			const isFull = page.length === MAX_NODES || (labelChars > MAX_LABEL_CHARS && page.length > 0);
			if (isFull) return { instances: page, more: true };
			page.push(lineOf(instance, node.now()));
		}
	}
	return { instances: page, more: false };
}

function lineOf(instance: Instance, nowMs: number): RegisteredInstance {
	const { service, sinceMs, heardMs } = instance;
	return { ...instanceLine(instance), service, registeredMs: nowMs - sinceMs, heardMs: nowMs - heardMs };
}

const byName = (a: Instance, b: Instance) => (a.instance < b.instance ? -1 : 1);

const charsOf = (labels: Labels) =>
	Object.entries(labels).reduce((sum, [name, { length }]) => sum + name.length + length, 0);
