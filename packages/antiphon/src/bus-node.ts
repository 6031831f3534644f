import { type Client, describe, type Functions, type Handlers, type Service } from "@antiphon/contract";
import { IqTable, type Link, type LinkState, stanzaId } from "@antiphon/link";
import { BusError, decodeFault, decodeStanzaError, guardedLog, Jid, type Log, quietLog } from "@antiphon/protocol";
import { Admission } from "./admission.js";
import { ANSWERS } from "./answers.js";
import type { Caller } from "./call.js";
import { asCallFailure } from "./call-failure.js";
import { callsByIq } from "./call-iq.js";
import { CallServer } from "./call-server.js";
import { type ClientOptions, makeClient } from "./client.js";
import { Directory } from "./directory.js";
import { Latest } from "./latest.js";
import { checkedTimeoutMs, type NodeLimits, resolveLimits } from "./limits.js";
import type { Node, NodeOptions, NodeStats, QueryRequest, Served, ServeOptions } from "./node.js";
import { type NodeStatus, statusOf } from "./node-status.js";
import { SOFTWARE } from "./software.js";
import { StanzaServer } from "./stanza-server.js";

export class BusNode implements Node {
	readonly #link: Link;
	readonly #log: Log;
	readonly #limits: NodeLimits;
	readonly #directory = new Directory();
	readonly #stanzas: StanzaServer;
	readonly #calls: CallServer;
	readonly #caller: Caller;
	readonly #status = new Latest<NodeStatus>({ state: "connecting", attempt: 1 });
	/** The resource of this node's own address in an owned domain. */
	readonly #ownResource = stanzaId();
	/** The last address, from the first time online until the end. */
	#ownJid: Jid | undefined;
	#draining: Promise<void> | undefined;
	#closing: Promise<void> | undefined;
	readonly closed: Promise<BusError | undefined>;
	#resolveClosed!: (cause: BusError | undefined) => void;

	constructor({ link, log = quietLog, limits, software = SOFTWARE }: NodeOptions) {
		this.#link = link;
		this.#log = guardedLog(log);
		this.#limits = resolveLimits(limits);
		this.closed = new Promise((resolve) => {
			this.#resolveClosed = resolve;
		});
		const send: Link["send"] = (stanza) => link.send(stanza);
		const { maxCallsOut, maxCallsOutPerPeer, defaultTimeoutMs } = this.#limits;
		const table = new IqTable({ send, maxPending: maxCallsOut, maxPendingPerPeer: maxCallsOutPerPeer });
		this.#caller = { table, send, from: () => this.#from(), defaultTimeoutMs };
		this.#stanzas = new StanzaServer({ link, log: this.#log, directory: this.#directory, software, table });
		this.#calls = new CallServer(this.#stanzas.host, this.#limits);
		for (const register of [...ANSWERS, callsByIq(this.#calls)]) register(this.#stanzas.host);
	}

	/** Once, before anything else. A node that could not open has closed its link. */
	async open(): Promise<void> {
		try {
			await this.#link.open(
				{ onStanza: (stanza) => this.#stanzas.take(stanza), onState: (state) => this.#onLink(state) },
				{ timeoutMs: this.#limits.connectTimeoutMs },
			);
		} catch (error) {
			this.#link.destroy();
			throw BusError.from(error);
		}
	}

	get jid(): string {
		return this.#ownJid?.toString() ?? "";
	}

	async serve<F extends Functions>(
		service: Service<F>,
		handlers: Handlers<F>,
		options: ServeOptions = {},
	): Promise<Served> {
		if (this.#draining !== undefined || this.#closing !== undefined || this.#link.state.state === "closed") {
			throw new BusError("unavailable", "the node is draining or closed");
		}
		requireHandlers(service, handlers);
		const { concurrency = this.#limits.maxCallsIn } = options;
		if (!Number.isInteger(concurrency) || concurrency < 1) {
			throw new RangeError(`concurrency must be a whole number above 0, not ${concurrency}`);
		}
		const admission = new Admission(service.name, concurrency);
		const description = describe(service);
		const instance = this.#instance(options);
		this.#requireDomain(options.domain);
		this.#warnOfDelivery(service);
		const remove = this.#directory.add({
			service,
			handlers: handlers as unknown as Handlers<Functions>,
			description,
			instance,
			admission,
		});
		const drain = async () => {
			admission.refuse();
			await this.#drained(admission);
			remove();
		};
		return { instance, drain, [Symbol.asyncDispose]: drain };
	}

	client<F extends Functions>(service: Service<F>, options: ClientOptions): Client<F> {
		this.#warnOfDelivery(service);
		return makeClient(this.#caller, service, options);
	}

	async query({ type, to, payload, timeoutMs: given, signal }: QueryRequest) {
		try {
			const timeoutMs = checkedTimeoutMs(given ?? this.#limits.defaultTimeoutMs);
			const jid = Jid.tryParse(to);
			if (jid === undefined) throw new BusError("invalid-argument", `not a JID: ${to}`);
			const { table, from } = this.#caller;
			const answer = await table.request({ type, to: jid, from: from(), payload, timeoutMs, signal });
			if (answer.attr("type") === "error") throw decodeFault(decodeStanzaError(answer));
			return answer.child();
		} catch (thrown) {
			throw asCallFailure(thrown);
		}
	}

	status(): AsyncIterable<NodeStatus> {
		return { [Symbol.asyncIterator]: () => this.#status.read() };
	}

	stats(): NodeStats {
		const { table } = this.#caller;
		const { admission, refused } = this.#calls;
		return { callsIn: admission.running, callsOut: table.size, droppedAnswers: table.dropped, refused };
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
		this.#status.set({ state: "draining" });
		this.#calls.admission.refuse();
		await this.#drained(this.#calls.admission);
		await this.close();
	}

	async #close(): Promise<void> {
		this.#calls.admission.refuse();
		this.#calls.abort(new BusError("unavailable", "the node was closed", { executed: "unknown" }));
		this.#caller.table.failAll(new BusError("link-lost", "the node was closed"));
		try {
			await this.#link.close();
		} catch (error) {
			this.#log.warn(`the link did not close in order: ${BusError.from(error).message}`);
			this.#link.destroy();
		}
		this.#onClosed(undefined);
	}

	#onLink(state: LinkState): void {
		if (state.state === "online") this.#ownJid = this.#addressAt(state.jid);
		if (state.state === "waiting") {
			this.#log.warn(`link lost: ${state.cause.message}; next attempt in ${Math.round(state.retryInMs)} ms`);
			this.#caller.table.failAll(state.cause);
		}
		if (state.state === "closed") this.#onClosed(state.cause);
		else if (this.#status.value.state !== "draining") this.#status.set(statusOf(state, this.jid));
	}

	/** Runs once: by the link, or at the end of `close()` should the link have said nothing. */
	#onClosed(cause: BusError | undefined): void {
		if (this.#status.value.state === "closed") return;
		this.#status.set(cause === undefined ? { state: "closed" } : { state: "closed", cause });
		this.#status.end();
		this.#ownJid = undefined;
		if (cause !== undefined) this.#log.error(`the node is closed: ${cause.message}`);
		this.#calls.abort(new BusError("link-lost", "the link was lost"));
		this.#caller.table.failAll(cause);
		this.#stanzas[Symbol.dispose]();
		this.#resolveClosed(cause);
	}

	/** A promise that is not kept yet must not look as if it were. */
	#warnOfDelivery({ name, functions }: Service): void {
		for (const [fn, { delivery }] of Object.entries(functions)) {
			if (delivery === "at-most-once") continue;
			this.#log.warn(`${name}.${fn} declares ${delivery}; this version delivers at most once`);
		}
	}

	/** Waits until nothing runs any more, but not for ever. */
	async #drained(admission: Admission): Promise<void> {
		let timer: NodeJS.Timeout | undefined;
		const limit = new Promise<void>((resolve) => {
			timer = setTimeout(resolve, this.#limits.drainTimeoutMs);
		});
		await Promise.race([admission.whenIdle(), limit, this.closed]);
		clearTimeout(timer);
	}

	/** @throws BusError `unimplemented` when functions cannot have their JIDs in this domain from here */
	#requireDomain(asked: string | undefined): void {
		if (asked === undefined) return;
		const domain = Jid.tryParse(asked)?.toString();
		if (domain === undefined || /[@/]/.test(domain)) throw new BusError("invalid-argument", `not a domain: ${asked}`);
		if (domain === this.#link.ownedDomain || this.#link.claim?.(domain)) return;
		throw new BusError(
			"unimplemented",
			`this link does not own ${domain}. Use a component link of that domain, or leave out domain and call this node at ${this.jid}`,
		);
	}

	/** As it is spelled in addresses. @throws BusError `invalid-argument` for what no resource can be */
	#instance({ instance = this.#ownResource }: ServeOptions): string {
		try {
			return Jid.of(undefined, "domain", instance).resource as string;
		} catch (cause) {
			throw new BusError("invalid-argument", `instance: ${BusError.from(cause).message}`, { cause });
		}
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

/** @throws TypeError naming the function. What every object inherits is no handler. */
function requireHandlers(service: Service, handlers: object): void {
	for (const fn of Object.keys(service.functions)) {
		const handler = (handlers as Record<string, unknown>)[fn];
		const inherited = (Object.prototype as unknown as Record<string, unknown>)[fn];
		if (typeof handler !== "function" || handler === inherited) {
			throw new TypeError(`${service.name}.${fn} has no handler`);
		}
	}
}
