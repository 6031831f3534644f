import {
	BusError,
	decodeResolve,
	isServiceName,
	type Jid,
	message,
	NS,
	type Resolution,
	resolutionWith,
} from "@antiphon/protocol";
import { BACKLOG, handleGet } from "antiphon/modules";
import { Pushes } from "../callers/pushes.js";
import { type Watcher, Watchers } from "../callers/watchers.js";
import type { DomainModule } from "../host/domain-host.js";
import { domainAbove } from "../policy/policy.js";
import { InstanceLines } from "../registry/instance-lines.js";

/** How often the ended watches are cleared away, in milliseconds. */
const CLEAR_MS = 10_000;
/** Changes of this long are told of together, unless nothing has changed for as long; in milliseconds. */
const GATHER_MS = 50;
/** What tells of changes in that time: at most so many stanzas (4,000 a second) in so many milliseconds, but so many in any case. */
const PUSHES = [200, 10, 25] as const;
/** The same for what tells of a change before whoever made it has its answer. */
const AT_ONCE = [20, 2, 1] as const;

/** Callers that wait for names nobody has registered so far: a share of all that are told, and of one account so many. */
const HOPEFUL = 1 / 8;
const MAX_HOPES = 64;

/** Callers ask who serves a service, and are told of changes (docs/protocol.md, "Finding instances"). */
export const resolve: DomainModule = (host) => {
	const { node, limits, registry } = host;
	node.feature(NS.resolve);
	const home = domainAbove(host.domain);
	const watchers = new Watchers(limits.maxWatchers, home);
	/** Of names that nobody has registered so far. There are as many of these as one likes to think of. */
	const hopeful = new Watchers(Math.ceil(limits.maxWatchers * HOPEFUL), home, MAX_HOPES);
	/** By service, until it changes. Only of those that have instances. */
	const known = new Map<string, InstanceLines>();

	const linesOf = (service: string): InstanceLines => {
		const lines = known.get(service) ?? new InstanceLines(registry.instances(service));
		if (registry.has(service)) known.set(service, lines);
		return lines;
	};
	const headOf = (service: string, watchMs: number): Omit<Resolution, "instances"> => {
		return { service, watchMs, known: isKnown(service), settlingMs: host.hearing.settlingMs };
	};
	const isKnown = (service: string) => registry.has(service) || host.owners.has(service);
	const watch = (service: string, from: Jid, forMs: number): boolean => {
		const [table, other] = isKnown(service) ? [watchers, hopeful] : [hopeful, watchers];
		other.remove(service, from);
		const isTold = table.add(service, from, node.now(), forMs);
		if (isTold) host.callers.set(from.toString(), true);
		return isTold;
	};

	handleGet(node, { ns: NS.resolve, name: "resolve" }, ({ payload, from, to }) => {
		const { version, watchMs: asked } = decodeResolve(payload);
		const service = to.local;
		if (service === undefined || !isServiceName(service)) {
			throw new BusError("invalid-argument", `ask the address of a service, such as dictionary@${host.domain}`);
		}
		if (!host.policy.maySee(from, service)) host.deny(`${from.bare()} may not call ${to.bare()}`);
		if (to.resource !== undefined) {
			const { lines, total } = linesOf(service).only(to.resource);
			return resolutionWith({ ...headOf(service, 0), total }, lines);
		}
		const wantedMs = Math.min(asked, limits.watchMs);
		const watchMs = wantedMs > 0 && watch(service, from, wantedMs) ? wantedMs : 0;
		const { lines, total } = linesOf(service).for(from, version);
		return resolutionWith({ ...headOf(service, watchMs), total }, lines);
	});

	const pushes = new Pushes<Watcher>({
		watching: (service) => [...watchers.of(service, node.now()), ...hopeful.of(service, node.now())],
		isFull: () => node.backlog > BACKLOG.queries,
		now: () => node.now(),
		tell({ jid, untilMs }, service) {
			// Policy may be another than when this was asked for.
			if (!host.policy.maySee(jid, service)) return;
			const { lines, total } = linesOf(service).for(jid, undefined);
			const leftMs = Math.max(0, Math.round(untilMs - node.now()));
			const address = { to: jid.toString(), from: `${service}@${host.domain}`, type: "headline" };
			node.send(message(address, resolutionWith({ ...headOf(service, leftMs), total }, lines)));
		},
	});
	let changedMs = Number.NEGATIVE_INFINITY;
	host.onChange((service, change) => {
		known.delete(service);
		pushes.changed(service);
		// A provider takes calls once it has heard that it is registered.
		if (change !== "added" && node.now() - changedMs >= GATHER_MS) pushes.flush(...AT_ONCE);
		changedMs = node.now();
	});

	// Callers have kept what they knew: now they can be told what has really gone.
	host.hearing.onSettled(() => {
		for (const each of [watchers, hopeful]) for (const service of each.services()) pushes.changed(service);
	});

	node.every(GATHER_MS, () => pushes.flush(...PUSHES));
	node.every(CLEAR_MS, () => {
		for (const each of [watchers, hopeful]) each.endAll(node.now());
		host.callers.keep(new Set([...watchers.callers(), ...hopeful.callers()]));
	});
};
