import type { Client, Functions, Handlers, Service } from "@antiphon/contract";
import { memoryStore } from "@antiphon/delivery";
import { checkedSignal, IqTable, type Link, type LinkState, stanzaId } from "@antiphon/link";
import { BusError, guardedLog, Jid, type Log, quietLog } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { capabilitiesOf } from "./answers/capabilities.js";
import { instancesTold } from "./answers/instances.js";
import { operated } from "./answers/operated.js";
import { ANSWERS } from "./answers.js";
import { Denials } from "./bounds/denials.js";
import { checkedTimeoutMs, type NodeLimits, resolveLimits } from "./bounds/limits.js";
import type { Caller } from "./calling/call.js";
import { type ClientOptions, makeClient } from "./calling/client.js";
import { stillGoesOn } from "./calling/durable-call.js";
import { parseDurableId } from "./calling/durable-id.js";
import { OutboxRunner } from "./calling/outbox-runner.js";
import { outcomesTold } from "./calling/outcomes-told.js";
import { Resolver } from "./calling/resolver.js";
import type { Patience } from "./calling/waiters.js";
import { outputOf } from "./calls/outcome-text.js";
import { Directory } from "./host/directory.js";
import type { QueryRequest } from "./host/query-request.js";
import { Requests } from "./host/requests.js";
import { SOFTWARE } from "./host/software.js";
import { StanzaServer } from "./host/stanza-server.js";
import type { Node, NodeOptions, NodeStats, OutcomeOptions } from "./node.js";
import { NodeLifecycle } from "./node-lifecycle.js";
import { type NodeStatus, statusOf } from "./node-status.js";
import { callsByIq } from "./serving/call-iq.js";
import { CallServer } from "./serving/call-server.js";
import { deliveries } from "./serving/deliveries.js";
import { InboxRunner } from "./serving/inbox-runner.js";
import { restarted } from "./serving/restarted.js";
import type { Served, ServeOptions } from "./serving/served.js";
import { Serving } from "./serving/serving.js";
import { startLeased } from "./serving/start-leased.js";

/** How long a domain may take to answer what a provider asks it, in milliseconds. */
const DOMAIN_TIMEOUT_MS = 10_000;
/** Of an entity that has no queue. */
const NO_QUEUE = "keeps no durable calls: it is no Antiphon domain, has no store for them, or is not connected";

export class BusNode implements Node {
	readonly #link: Link;
	readonly #log: Log;
	readonly #limits: NodeLimits;
	readonly #denials: Denials;
	readonly #directory = new Directory();
	readonly #stanzas: StanzaServer;
	readonly #calls: CallServer;
	readonly #caller: Caller;
	readonly #requests: Requests;
	readonly #serving: Serving;
	readonly #lifecycle = new NodeLifecycle();
	readonly #outbox: OutboxRunner;
	readonly #inbox: InboxRunner;
	/** Settles when the node is closed, and its journals are. */
	readonly closed = this.#lifecycle.closed.then(async (cause) => {
		await this.#journalsClosed;
		return cause;
	});
	#journalsClosed: Promise<unknown> | undefined;
	/** The resource of this node's own address in an owned domain. */
	readonly #ownResource = stanzaId();
	/** While the link is down: when it was lost, by `performance.now()`. */
	#lostMs: number | undefined;
	/** The last address, from the first time online until the end. */
	#ownJid: Jid | undefined;
	#draining: Promise<void> | undefined;
	#closing: Promise<void> | undefined;

	constructor({ link, log = quietLog, limits, outbox, inbox, software = SOFTWARE, modules = [] }: NodeOptions) {
		this.#link = link;
		this.#log = guardedLog(log);
		this.#denials = new Denials(this.#log);
		this.#limits = resolveLimits(limits);
		const send: Link["send"] = (stanza) => link.send(stanza);
		const { maxCallsOut, maxCallsOutPerPeer, defaultTimeoutMs } = this.#limits;
		const table = new IqTable({ send, maxPending: maxCallsOut, maxPendingPerPeer: maxCallsOutPerPeer });
		const from = () => this.#from();
		const requests = new Requests({ table, from, defaultTimeoutMs });
		this.#requests = requests;
		const ask = (to: Jid, payload: Element, timeoutMs: number) => requests.askDomain("get", to, payload, timeoutMs);
		const resolver = new Resolver({ ask, now: () => performance.now(), timeoutMs: defaultTimeoutMs });
		const ended = (error: BusError) => this.#end(error);
		this.#outbox = new OutboxRunner({
			store: outbox ?? memoryStore(),
			log: this.#log,
			maxWaiting: maxCallsOut,
			ask: (type, to, payload, timeoutMs) => requests.askDomain(type, to, payload, timeoutMs, NO_QUEUE),
			ended,
		});
		const self = () => this.#self();
		this.#caller = {
			table,
			resolver,
			send,
			from,
			defaultTimeoutMs,
			outbox: this.#outbox,
			self,
			maxStanzaBytes: () => link.maxStanzaBytes,
		};
		const query = (request: QueryRequest) => requests.query(request);
		this.#stanzas = new StanzaServer({ link, log: this.#log, directory: this.#directory, software, table, query });
		this.#calls = new CallServer(this.#stanzas.modules.host, this.#limits);
		this.#inbox = new InboxRunner({
			store: inbox ?? memoryStore(),
			log: this.#log,
			ask: (domain, payload, timeoutMs) => requests.askDomain("set", Jid.parse(domain), payload, timeoutMs, NO_QUEUE),
			start: startLeased({ calls: this.#calls, self, maxStanzaBytes: () => link.maxStanzaBytes }),
			ended,
		});
		for (const register of modules) register(this.#stanzas.modules.host);
		this.#serving = new Serving({
			link,
			directory: this.#directory,
			log: this.#log,
			denials: this.#denials,
			instance: this.#ownResource,
			maxCallsIn: this.#limits.maxCallsIn,
			connectTimeoutMs: this.#limits.connectTimeoutMs,
			ask: (domain, payload, atMostMs = DOMAIN_TIMEOUT_MS) => {
				return requests.askDomain("set", Jid.parse(domain), payload, Math.min(atMostMs, DOMAIN_TIMEOUT_MS));
			},
			from,
			inbox: this.#inbox,
			capabilities: () => capabilitiesOf(this.#stanzas.modules.host, { kind: "node" }),
			atMostForDrain: (done) => this.#atMostForDrain(done),
		});
		const told = [
			instancesTold(resolver),
			callsByIq(this.#calls),
			operated(this.#serving, this.#denials),
			restarted(this.#serving, resolver),
			outcomesTold(this.#outbox),
			deliveries(this.#inbox, (place) => this.#serving.isPlace(place)),
		];
		this.#stanzas.modules.addBuiltIn([...ANSWERS, ...told]);
	}

	/** Once, before anything else. A node that could not open has closed its link. */
	async open(): Promise<void> {
		try {
			await this.#outbox.open();
			await this.#inbox.open();
			await this.#link.open(
				{
					onStanza: (stanza) => this.#stanzas.take(stanza),
					onSkipped: (skipped) => this.#stanzas.turnedAway.skip(skipped),
					onState: (state) => this.#onLink(state),
				},
				{ timeoutMs: this.#limits.connectTimeoutMs },
			);
		} catch (error) {
			this.#link.destroy();
			await this.#closeJournals();
			throw BusError.from(error);
		}
	}

	get jid(): string {
		return this.#ownJid?.toString() ?? "";
	}

	async serve<F extends Functions>(
		service: Service<F>,
		handlers: NoInfer<Handlers<F>>,
		options: ServeOptions = {},
	): Promise<Served> {
		if (!this.#lifecycle.isOpen) throw new BusError("unavailable", "the node is draining or closed");
		return this.#serving.serve(service, handlers, options);
	}

	client<F extends Functions>(service: Service<F>, options: ClientOptions): Client<F> {
		return makeClient(this.#caller, service, options);
	}

	async outcome(callId: string, options: OutcomeOptions = {}): Promise<unknown> {
		const call = parseDurableId(callId);
		const { outcome } = await stillGoesOn(callId, this.#outbox.wait(call, this.#patience(options)));
		return outputOf(outcome);
	}

	async cancel(callId: string, options: OutcomeOptions = {}): Promise<boolean> {
		const call = parseDurableId(callId);
		const { outcome } = await stillGoesOn(callId, this.#outbox.cancel(call, this.#patience(options)));
		return outcome.code === "cancelled";
	}

	query(request: QueryRequest): Promise<Element | undefined> {
		return this.#requests.query(request);
	}

	status(): AsyncIterable<NodeStatus> {
		return this.#lifecycle.status();
	}

	stats(): NodeStats {
		const { table } = this.#caller;
		const { admission, refused } = this.#calls;
		const { count: denied } = this.#denials;
		const { unanswered, skipped } = this.#stanzas.turnedAway;
		const [callsIn, callsOut] = [admission.running, table.size + this.#outbox.waiting];
		return { callsIn, callsOut, droppedAnswers: table.dropped, refused, denied, unanswered, skipped };
	}

	drain(): Promise<void> {
		this.#draining ??= this.#drain();
		return this.#draining;
	}

	close(): Promise<void> {
		this.#closing ??= this.#close();
		return this.#closing;
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.drain();
	}

	async #drain(): Promise<void> {
		this.#lifecycle.become({ state: "draining" });
		this.#calls.admission.refuse();
		this.#serving.refuse();
		await this.#atMostForDrain(this.#whenIdle());
		await this.#serving.deregisterAll();
		await this.close();
	}

	/** Resolves when nothing runs here and nothing that this node asked is open. Handlers may ask until they are done. */
	async #whenIdle(): Promise<void> {
		const { admission } = this.#calls;
		const { table } = this.#caller;
		while (admission.running > 0 || table.size > 0 || this.#inbox.isBusy || this.#outbox.waiting > 0) {
			await admission.whenIdle();
			await table.whenIdle();
			await this.#inbox.whenIdle();
			await this.#outbox.whenIdle();
		}
	}

	async #close(): Promise<void> {
		this.#lifecycle.become({ state: "closing" });
		this.#serving.stop();
		this.#calls.admission.refuse();
		// What is cut off is not reported as if it had come to its end.
		const closing = this.#closeJournals();
		this.#calls.abort(new BusError("unavailable", "the node was closed", { executed: "unknown" }));
		this.#caller.table.failAll(new BusError("link-lost", "the node was closed"));
		try {
			await this.#link.close();
		} catch (error) {
			this.#log.warn(`the link did not close in order: ${BusError.from(error).message}`);
			this.#link.destroy();
		}
		this.#onClosed(undefined);
		await closing;
	}

	/** A journal is broken: nothing that this node says can be relied on any more. */
	#end(cause: BusError): void {
		this.#onClosed(cause);
		this.#link.destroy();
	}

	/** Stores what was taken, and no more. Never rejects. */
	#closeJournals(): Promise<unknown> {
		this.#outbox.failAll(new BusError("link-lost", "the node was closed"));
		this.#journalsClosed ??= Promise.all([this.#outbox.stop(), this.#inbox.stop()]);
		return this.#journalsClosed;
	}

	#patience({ timeoutMs = this.#limits.defaultTimeoutMs, signal }: OutcomeOptions): Patience {
		return { deadlineMs: performance.now() + checkedTimeoutMs(timeoutMs), signal: checkedSignal(signal) };
	}

	/** @throws BusError `link-lost` once the node is closed */
	#self(): Jid {
		if (this.#ownJid !== undefined) return this.#ownJid;
		throw new BusError("link-lost", "the node is closed", { executed: "no" });
	}

	#onLink(state: LinkState): void {
		if (state.state === "online") {
			this.#ownJid = this.#addressAt(state.jid);
			if (this.#lostMs !== undefined) {
				const seconds = Math.round((performance.now() - this.#lostMs) / 100) / 10;
				this.#log.info(`online again as ${this.#ownJid}, after ${seconds} s`);
			}
			this.#lostMs = undefined;
			this.#outbox.link(true);
			this.#serving.online();
			this.#stanzas.modules.online();
		}
		if (state.state === "waiting") {
			this.#caller.resolver.distrust();
			this.#outbox.link(false);
			this.#inbox.offline();
			this.#lostMs ??= performance.now();
			this.#log.warn(`link lost: ${state.cause.message}; next attempt in ${Math.round(state.retryInMs)} ms`);
			this.#caller.table.failAll(state.cause);
		}
		if (state.state === "closed") this.#onClosed(state.cause);
		else this.#lifecycle.become(statusOf(state, this.jid));
	}

	/** Runs once: by the link, or at the end of `close()` should the link have said nothing. */
	#onClosed(cause: BusError | undefined): void {
		if (!this.#lifecycle.become(cause === undefined ? { state: "closed" } : { state: "closed", cause })) return;
		const wasOnline = this.#ownJid !== undefined;
		this.#ownJid = undefined;
		// A node that never came online says so to whoever creates it.
		if (cause !== undefined && wasOnline) this.#log.error(`the node is closed: ${cause.message}`);
		void this.#closeJournals();
		this.#calls.abort(new BusError("link-lost", "the link was lost"));
		this.#caller.table.failAll(cause);
		this.#caller.resolver.close();
		this.#serving.stop();
		this.#stanzas.modules[Symbol.dispose]();
	}

	/** Waits until what runs is done, but not for ever. */
	async #atMostForDrain(done: Promise<void>): Promise<void> {
		let timer: NodeJS.Timeout | undefined;
		const limit = new Promise<void>((resolve) => {
			timer = setTimeout(resolve, this.#limits.drainTimeoutMs);
		});
		await Promise.race([done, limit, this.closed]);
		clearTimeout(timer);
	}

	/** The `from` of what this node asks; a client's server stamps it. */
	#from(): Jid | undefined {
		return this.#link.kind === "component" ? this.#ownJid : undefined;
	}

	/** A link that owns a domain comes online as that domain, in which this node has an address of its own. */
	#addressAt(linkJid: Jid): Jid {
		const isDomain = linkJid.local === undefined && linkJid.resource === undefined;
		return isDomain ? linkJid.withResource(this.#ownResource) : linkJid;
	}
}
