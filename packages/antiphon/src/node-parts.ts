import { memoryStore } from "@antiphon/delivery";
import { IqTable, type Link } from "@antiphon/link";
import { type BusError, guardedLog, Jid, type Log, quietLog } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { capabilitiesOf } from "./answers/capabilities.js";
import { instancesTold } from "./answers/instances.js";
import { operated } from "./answers/operated.js";
import { ANSWERS } from "./answers.js";
import { Denials } from "./bounds/denials.js";
import { type NodeLimits, resolveLimits } from "./bounds/limits.js";
import type { Caller } from "./calling/call.js";
import { OutboxRunner } from "./calling/outbox-runner.js";
import { outcomesTold } from "./calling/outcomes-told.js";
import { Resolver } from "./calling/resolver.js";
import { Directory } from "./host/directory.js";
import type { QueryRequest } from "./host/query-request.js";
import { Requests } from "./host/requests.js";
import { SOFTWARE } from "./host/software.js";
import { StanzaServer } from "./host/stanza-server.js";
import type { NodeOptions } from "./node.js";
import type { NodeAddress } from "./node-address.js";
import { callsByIq } from "./serving/call-iq.js";
import { CallServer } from "./serving/call-server.js";
import { deliveries } from "./serving/deliveries.js";
import { InboxRunner } from "./serving/inbox-runner.js";
import { restarted } from "./serving/restarted.js";
import { Serving } from "./serving/serving.js";
import { startLeased } from "./serving/start-leased.js";

/** How long a domain may take to answer what a provider asks it, in milliseconds. */
const DOMAIN_TIMEOUT_MS = 10_000;
/** Of an entity that has no queue. */
const NO_QUEUE = "keeps no durable calls: it is no Antiphon domain, has no store for them, or is not connected";

/** What a node is made of. */
export interface NodeParts {
	readonly log: Log;
	readonly limits: NodeLimits;
	readonly denials: Denials;
	readonly requests: Requests;
	/** What clients call with. */
	readonly caller: Caller;
	readonly stanzas: StanzaServer;
	readonly calls: CallServer;
	readonly serving: Serving;
	readonly outbox: OutboxRunner;
	readonly inbox: InboxRunner;
}

/** What the parts want of their node. */
export interface Owner {
	readonly address: NodeAddress;
	/** A journal is broken: nothing that this node says can be relied on any more. */
	ended(cause: BusError): void;
	/** Waits until what runs is done, but not for ever. */
	atMostForDrain(done: Promise<void>): Promise<void>;
}

/** Makes the parts of a node, each of which knows only those that it needs. @throws BusError `invalid-argument` */
export function assemble(options: NodeOptions, { address, ended, atMostForDrain }: Owner): NodeParts {
	const { link, software = SOFTWARE, modules = [] } = options;
	const log = guardedLog(options.log ?? quietLog);
	const denials = new Denials(log);
	const limits = resolveLimits(options.limits);
	const { maxCallsOut, maxCallsOutPerPeer, defaultTimeoutMs } = limits;
	const send: Link["send"] = (stanza) => link.send(stanza);
	const maxStanzaBytes = () => link.maxStanzaBytes;
	const [self, from] = [() => address.self, () => address.from];
	const table = new IqTable({ send, maxPending: maxCallsOut, maxPendingPerPeer: maxCallsOutPerPeer });
	const requests = new Requests({ table, from, defaultTimeoutMs });
	const ask = (to: Jid, payload: Element, timeoutMs: number) => requests.askDomain("get", to, payload, timeoutMs);
	const resolver = new Resolver({ ask, now: () => performance.now(), timeoutMs: defaultTimeoutMs });
	const outbox = new OutboxRunner({
		store: options.outbox ?? memoryStore(),
		log,
		maxWaiting: maxCallsOut,
		ask: (type, to, payload, timeoutMs) => requests.askDomain(type, to, payload, timeoutMs, NO_QUEUE),
		ended,
	});
	const caller: Caller = { table, resolver, send, from, defaultTimeoutMs, outbox, self, maxStanzaBytes };
	const query = (request: QueryRequest) => requests.query(request);
	const directory = new Directory();
	const stanzas = new StanzaServer({ link, log, directory, software, table, query });
	const { host } = stanzas.modules;
	const calls = new CallServer(host, limits, () => inbox.left());
	const inbox: InboxRunner = new InboxRunner({
		store: options.inbox ?? memoryStore(),
		log,
		ask: (domain, payload, timeoutMs) => requests.askDomain("set", Jid.parse(domain), payload, timeoutMs, NO_QUEUE),
		start: startLeased({ calls, self, maxStanzaBytes }),
		free: (place) => Math.min(serving.freeAt(place), calls.admission.free),
		ended,
	});
	for (const register of modules) register(host);
	const serving: Serving = new Serving({
		link,
		directory,
		log,
		denials,
		instance: address.resource,
		maxCallsIn: limits.maxCallsIn,
		connectTimeoutMs: limits.connectTimeoutMs,
		ask: (domain, payload, atMostMs = DOMAIN_TIMEOUT_MS) => {
			return requests.askDomain("set", Jid.parse(domain), payload, Math.min(atMostMs, DOMAIN_TIMEOUT_MS));
		},
		from,
		inbox,
		capabilities: () => capabilitiesOf(host, { kind: "node" }),
		atMostForDrain,
	});
	stanzas.modules.addBuiltIn([
		...ANSWERS,
		instancesTold(resolver),
		callsByIq(calls),
		operated(serving, denials),
		restarted(serving, resolver),
		outcomesTold(outbox),
		deliveries(inbox, serving),
	]);
	return { log, limits, denials, requests, caller, stanzas, calls, serving, outbox, inbox };
}
