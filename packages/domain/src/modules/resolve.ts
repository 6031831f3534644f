import { isServedBy } from "@antiphon/contract";
import {
	BusError,
	decodeResolve,
	encodeResolution,
	isServiceName,
	type Jid,
	MAX_INSTANCES,
	message,
	NS,
	type Resolution,
} from "@antiphon/protocol";
import { handleQuery } from "antiphon/modules";
import type { DomainHost, DomainModule } from "../domain-host.js";
import { instanceLine } from "../instance-line.js";
import type { Instance } from "../registry.js";
import { Watchers } from "../watchers.js";

/** How often the ended watches are cleared away, in milliseconds. */
const CLEAR_MS = 10_000;

/** Callers ask who serves a service, and are told of changes (docs/protocol.md, "Finding instances"). */
export const resolve: DomainModule = (host) => {
	const { node, limits } = host;
	node.feature(NS.resolve);
	const watchers = new Watchers(limits.maxWatchers);

	handleQuery(node, { ns: NS.resolve, name: "resolve" }, ({ payload, from, to }) => {
		const { version, watchMs: asked } = decodeResolve(payload);
		const service = to.local;
		if (service === undefined || !isServiceName(service)) {
			throw new BusError("invalid-argument", `ask the address of a service, such as dictionary@${host.domain}`);
		}
		if (!host.policy.maySee(from, service)) host.deny(`${from.bare()} may not call ${to.bare()}`);
		const wantedMs = Math.min(asked, limits.watchMs);
		const watchMs = wantedMs > 0 && watchers.add(service, from, node.now(), wantedMs) ? wantedMs : 0;
		return encodeResolution(resolutionOf(host, from, service, version, watchMs));
	});

	host.onChange((service) => {
		const told = watchers.of(service, node.now());
		if (told.length === 0) return;
		for (const to of told) node.send(pushTo(host, to, service));
	});

	node.every(CLEAR_MS, () => watchers.endAll(node.now()));
};

function pushTo(host: DomainHost, to: Jid, service: string) {
	const resolution = resolutionOf(host, to, service, undefined, host.limits.watchMs);
	const address = { to: to.toString(), from: `${service}@${host.domain}`, type: "headline" };
	return message(address, encodeResolution(resolution));
}

function resolutionOf(
	host: DomainHost,
	caller: Jid,
	service: string,
	version: string | undefined,
	watchMs: number,
): Resolution {
	const all = host.registry.instances(service);
	const serving = version === undefined ? all : all.filter((each) => isServedBy(version, each.version));
	const instances = some(serving.length === 0 ? all : serving, caller).map(instanceLine);
	return { service, instances, watchMs, known: all.length > 0 || host.owners.has(service) };
}

/** As many as one answer holds: not the same ones for everybody, but for one caller the same each time. */
function some(instances: readonly Instance[], caller: Jid): readonly Instance[] {
	if (instances.length <= MAX_INSTANCES) return instances;
	const ranked = instances.map((instance) => ({ instance, rank: hashOf(`${caller}/${instance.instance}`) }));
	ranked.sort((a, b) => a.rank - b.rank);
	return ranked.slice(0, MAX_INSTANCES).map(({ instance }) => instance);
}

/** Spreads evenly, and no more is asked of it (FNV-1a, 32 bits). */
function hashOf(text: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	return hash >>> 0;
}
