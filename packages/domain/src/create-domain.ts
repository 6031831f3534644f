import type { Store } from "@antiphon/delivery";
import type { Link } from "@antiphon/link";
import { BusError, type Log, quietLog, requireNames } from "@antiphon/protocol";
import { createNode, type Node, type NodeStatus } from "antiphon";
import { Denials, type NodeModule } from "antiphon/modules";
import { Subscribers } from "./callers/subscribers.js";
import { ChangeListeners } from "./host/change-listeners.js";
import type { DomainHost } from "./host/domain-host.js";
import { Hearing } from "./host/hearing.js";
import { lanes } from "./host/lanes.js";
import { oneHost } from "./host/one-host.js";
import { type DomainLimits, resolveLimits } from "./limits.js";
import { MODULES, QUEUE_MODULES } from "./modules.js";
import { checkedOwners } from "./policy/names.js";
import { Owners } from "./policy/owners.js";
import { type AccessOptions, domainAbove, Policy } from "./policy/policy.js";
import { openQueue } from "./queueing/open-queue.js";
import { QUEUE_ASKS } from "./queueing/queue-runner.js";
import { KnownNodes } from "./registry/known-nodes.js";
import { Registry } from "./registry/registry.js";
import { type DomainState, StateFile } from "./state-file.js";

/**
 * How soon a subscription is stored, in milliseconds. Anybody may come and go as often as they like, and each time the whole
 * file is written.
 */
const SUBSCRIPTIONS_WITHIN_MS = 5_000;

/** The same for the nodes that have something registered or are told of changes. Without it they come by themselves, later. */
const NODES_WITHIN_MS = 5_000;
const DEFAULT_CONNECT_MS = 30_000;

export interface DomainOptions {
	/** A link that owns its domain: `componentLink(…)`, or one of a memory bus whose address is a domain. */
	readonly link: Link;
	/** Who may do what. Default: accounts of the domain above this one register and call, and nobody is an administrator. */
	readonly access?: AccessOptions;
	readonly limits?: Partial<DomainLimits>;
	/** Owners of names, bare JIDs by service: whoever registers first, and however long nothing of them runs. */
	readonly owners?: Readonly<Record<string, string>>;
	/** A file in which owners of names and subscriptions outlast a restart. Default: they do not. */
	readonly stateFile?: string;
	/**
	 * Where durable calls are kept: a store on disk, or `memoryStore()`, which loses them with this process. Default: none, and
	 * the domain takes no durable calls.
	 */
	readonly store?: Store;
	/** Default: quiet. */
	readonly log?: Log;
	/** How long to try to come online, in milliseconds. Default 30,000. */
	readonly connectTimeoutMs?: number;
}

const OPTIONS = Object.keys({
	link: true,
	access: true,
	limits: true,
	owners: true,
	stateFile: true,
	store: true,
	log: true,
	connectTimeoutMs: true,
} satisfies Record<keyof DomainOptions, true>);

/** A domain that is being hosted. Disposing of it closes it in order. */
export interface Domain extends AsyncDisposable {
	/** Its name, `fn.example.org`. */
	readonly name: string;
	/** Instances that are registered now. */
	readonly instances: number;
	/** What policy has refused since the start: registrations, look-ups, subscriptions and calls. */
	readonly denied: number;
	/** What its node does now, and every change until it is closed. */
	status(): AsyncIterable<NodeStatus>;
	/**
	 * Replaces the rules of access. What is registered stays, except of accounts that may no longer register it. The domain
	 * goes by them at once, and providers from their next renewal on, within a third of `leaseMs`.
	 * @throws BusError `invalid-argument` that names the entry; the rules are then as they were
	 */
	setAccess(access: AccessOptions | undefined): void;
	/** Says that it goes, finishes what is being passed on, and ends. */
	drain(): Promise<void>;
	/** Ends at once. */
	close(): Promise<void>;
	/** Resolves when it is closed, with the cause if something forced it. */
	readonly closed: Promise<BusError | undefined>;
}

/**
 * Hosts a domain: providers register with it, callers find them through it, and it passes calls on for everybody who
 * calls its JIDs (docs/protocol.md, "Domains").
 * @throws BusError `invalid-argument` for malformed options, a link without domain or a state file that cannot be read;
 * `conflict` when another host has the domain; as `createNode` when the link cannot come up
 */
export async function createDomain(options: DomainOptions): Promise<Domain> {
	requireOptions(options);
	const { link, log = quietLog, connectTimeoutMs } = options;
	const limits = resolveLimits(options.limits);
	const name = link.ownedDomain;
	if (name === undefined) {
		throw new BusError(
			"invalid-argument",
			"a domain needs a link that owns one: componentLink({ url, domain, secret })",
		);
	}
	const policy = new Policy(name, options.access);
	const fixed = checkedOwners(options.owners ?? {});
	const file = options.stateFile === undefined ? undefined : new StateFile(options.stateFile, log);
	const known: DomainState = (await file?.load()) ?? { owners: {}, subscribers: {} };
	const changed = () => file?.changed();
	const subscribed = () => file?.changed(SUBSCRIPTIONS_WITHIN_MS);
	const denials = new Denials(log);
	const deny = (message: string) => denials.deny(message);
	const changes = new ChangeListeners(log);
	const nodes = new KnownNodes(known.nodes ?? [], () => file?.changed(NODES_WITHIN_MS));
	const callers = new KnownNodes(known.callers ?? [], () => file?.changed(NODES_WITHIN_MS));
	const registry = new Registry(
		limits,
		(...change) => changes.tell(...change),
		(jid, isHere) => nodes.set(jid, isHere),
	);
	const home = domainAbove(name);
	const queue = await openQueue(options.store, { link, log, home, limits });
	const owners = new Owners({
		policy,
		home,
		limits,
		known,
		fixed,
		isServed: (service) => registry.has(service),
		isSettling: () => hearing === undefined || hearing.settlingMs > 0,
		now: () => Date.now(),
		changed,
		say: (message) => log.info(message),
		deny,
	});
	const subscribers = new Subscribers(limits.maxSubscribers, known.subscribers, subscribed);
	let hearing: Hearing | undefined;
	const closingListeners: (() => void)[] = [];
	const policyListeners: (() => void)[] = [];
	const fence = oneHost(link, name);
	const asModule: NodeModule = (node) => {
		node.takeTurns(lanes(registry, owners, home));
		hearing = new Hearing({
			settleMs: limits.settleMs,
			now: () => node.now(),
			isOnline: () => link.state.state === "online",
			every: (periodMs, action) => node.every(periodMs, action),
			onOnline: (listener) => node.onOnline(listener),
		});
		const host: DomainHost = {
			node,
			domain: name,
			registry,
			owners,
			subscribers,
			policy,
			limits,
			hearing,
			nodes,
			callers,
			keeps: queue?.keeps,
			isAlone: () => fence.isHeld,
			deny,
			denied: (message) => denials.say(message),
			denials: () => denials.count,
			onChange: (listener) => changes.add(listener),
			onPolicy: (listener) => void policyListeners.push(listener),
			onClosing: (listener) => void closingListeners.push(listener),
		};
		for (const register of MODULES) register(host);
		if (queue === undefined) return;
		for (const register of QUEUE_MODULES) register(queue)(host);
		queue.attach(host, () => link.state.state === "online");
	};
	const { maxCalls, maxCallsPerCaller, maxCallMs } = limits;
	const node = await createNode({
		link,
		log,
		modules: [fence.module, asModule],
		limits: {
			maxCallsIn: maxCalls,
			maxCallsInPerPeer: maxCallsPerCaller,
			maxCallMs,
			// What is passed on, and what the domain asks itself; what its queue asks takes none of these places.
			maxCallsOut: 2 * maxCalls + (queue === undefined ? 0 : QUEUE_ASKS),
			...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
		},
	}).catch(async (error: unknown) => {
		await queue?.stop();
		throw error;
	});
	const flushed = node.closed.then(() => Promise.all([file?.close(), queue?.stop()]));
	try {
		await inTime(Promise.race([fence.held, endOf(node)]), name, connectTimeoutMs);
	} catch (error) {
		await node.close();
		await flushed;
		throw error;
	}
	file?.keep(() => ({
		...owners.all(),
		subscribers: subscribers.all(),
		nodes: nodes.all(),
		callers: callers.all(),
	}));
	const end = async (how: "drain" | "close") => {
		if (how === "drain") for (const listener of closingListeners) listener();
		await node[how]();
		await flushed;
	};
	return {
		name,
		get instances() {
			return registry.size;
		},
		get denied() {
			return denials.count + node.stats().denied;
		},
		status: () => node.status(),
		setAccess(access) {
			policy.replace(access);
			for (const listener of policyListeners) listener();
		},
		drain: () => end("drain"),
		close: () => end("close"),
		closed: flushed.then(() => node.closed),
		[Symbol.asyncDispose]: () => end("drain"),
	};
}

/** What JavaScript may get wrong. @throws BusError `invalid-argument` */
function requireOptions(options: DomainOptions): void {
	requireNames(options, OPTIONS);
	const { link, store } = options;
	if (typeof link?.open !== "function") {
		throw new BusError(
			"invalid-argument",
			"createDomain needs a link: componentLink({ url, domain, secret }), for one",
		);
	}
	if (store === undefined || typeof store?.open === "function") return;
	const message =
		"store must be a store: lmdbStore(folder) of @antiphon/store, or memoryStore(), which outlasts nothing";
	throw new BusError("invalid-argument", message);
}

/** Rejects when the node is closed. */
async function endOf(node: Node): Promise<never> {
	throw (await node.closed) ?? new BusError("cancelled", "the domain was closed", { executed: "no" });
}

/** The link may be lost again before it is known that the domain is this host's. */
async function inTime(held: Promise<void>, name: string, timeoutMs = DEFAULT_CONNECT_MS): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		const message = `${name} was not this host's within ${timeoutMs} ms: what is addressed to it did not all reach this host`;
		timer = setTimeout(() => reject(new BusError("unavailable", message, { executed: "no" })), timeoutMs);
	});
	try {
		await Promise.race([held, late]);
	} finally {
		clearTimeout(timer);
	}
}
