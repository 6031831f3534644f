import { type Client, describe, type Functions, type Handlers, type Service } from "@antiphon/contract";
import { IqTable, type Link, type LinkState, stanzaId } from "@antiphon/link";
import { BusError, decodeFault, decodeStanzaError, guardedLog, Jid, type Log, quietLog } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { Admission } from "./admission.js";
import { ANSWERS } from "./answers.js";
import { CallServer } from "./call-server.js";
import { type ClientOptions, makeClient } from "./client.js";
import { Directory } from "./directory.js";
import { Latest } from "./latest.js";
import { type NodeLimits, resolveLimits } from "./limits.js";
import { SOFTWARE } from "./software.js";
import { StanzaServer } from "./stanza-server.js";

/**
 * What a node is doing.
 *
 * | from         | to           | when                                             |
 * | ------------ | ------------ | ------------------------------------------------ |
 * | connecting   | online       | the link came up                                 |
 * | online       | connecting   | the link was lost; it comes back by itself       |
 * | any          | draining     | `drain()`: new calls are refused, old ones finish |
 * | any          | closed       | `close()`, the end of a drain, or a fatal error  |
 */
export type NodeStatus =
	| { readonly state: "connecting"; readonly attempt: number; readonly retryInMs?: number; readonly cause?: BusError }
	| { readonly state: "online"; readonly jid: string }
	| { readonly state: "draining" }
	| { readonly state: "closed"; readonly cause?: BusError };

export interface NodeOptions {
	/** The connection to the XMPP server. A link belongs to one node. */
	readonly link: Link;
	/** Default: quiet. `console` or a pino logger will do. */
	readonly log?: Log;
	readonly limits?: Partial<NodeLimits>;
	/** What XEP-0092 tells of this node. Default: Antiphon's own name and version. */
	readonly software?: { readonly name: string; readonly version: string };
}

export interface ServeOptions {
	/** The domain in which the functions get their JIDs. Default: the domain that the link owns, if any. */
	readonly domain?: string;
	/** The name of this instance: the resource of its addresses. Default: random. */
	readonly instance?: string;
	/** Calls of this service that run at once; above it `overloaded`. Default: the node's own limit. */
	readonly concurrency?: number;
}

/** A service that is being served. Disposing of it drains it. */
export interface Served extends AsyncDisposable {
	readonly instance: string;
	/** Refuses new calls; resolves when those that run are done, or after `limits.drainTimeoutMs`. */
	drain(): Promise<void>;
}

/** One request at the level of the `iq`. */
export interface QueryRequest {
	readonly type: "get" | "set";
	readonly to: string;
	readonly payload: Element;
	readonly timeoutMs?: number;
	readonly signal?: AbortSignal;
}

export interface Node extends AsyncDisposable {
	/** This node's own address. */
	readonly jid: string;
	/** Serves a service. Resolves once calls can arrive. */
	serve<F extends Functions>(service: Service<F>, handlers: Handlers<F>, options?: ServeOptions): Promise<Served>;
	/** A typed client: an object with a function for each of the service's. */
	client<F extends Functions>(service: Service<F>, options: ClientOptions): Client<F>;
	/** Asks any XMPP entity with an `iq`. Resolves with the payload of the result. @throws BusError */
	query(request: QueryRequest): Promise<Element | undefined>;
	/** What the node does now, and every change until it is closed. */
	status(): AsyncIterable<NodeStatus>;
	/** Refuses new calls, finishes those that run (at most `limits.drainTimeoutMs`), closes. */
	drain(): Promise<void>;
	/** Ends at once: what runs is aborted, what waits settles with `link-lost`. */
	close(): Promise<void>;
	/** Resolves when the node is closed, with the cause if something forced it. */
	readonly closed: Promise<BusError | undefined>;
}

/**
 * Connects a node.
 * @throws BusError when the link cannot come up: `unauthenticated`, `conflict`, `forbidden`, `unavailable` or `link-lost`,
 * with what to do about it
 */
export async function createNode(options: NodeOptions): Promise<Node> {
	const node = new BusNode(options);
	await node.open();
	return node;
}

class BusNode implements Node {
	readonly #link: Link;
	readonly #log: Log;
	readonly #limits: NodeLimits;
	readonly #table: IqTable;
	readonly #directory = new Directory();
	readonly #stanzas: StanzaServer;
	readonly #calls: CallServer;
	readonly #status = new Latest<NodeStatus>({ state: "connecting", attempt: 1 });
	/** The resource of this node's own address in an owned domain. */
	readonly #ownResource = stanzaId();
	readonly closed: Promise<BusError | undefined>;
	#resolveClosed!: (cause: BusError | undefined) => void;

	constructor({ link, log = quietLog, limits, software = SOFTWARE }: NodeOptions) {
		this.#link = link;
		this.#log = guardedLog(log);
		this.#limits = resolveLimits(limits);
		this.closed = new Promise((resolve) => {
			this.#resolveClosed = resolve;
		});
		this.#table = new IqTable({
			send: (stanza) => link.send(stanza),
			maxPending: this.#limits.maxCallsOut,
			maxPendingPerPeer: this.#limits.maxCallsOutPerPeer,
		});
		this.#stanzas = new StanzaServer({
			link,
			log: this.#log,
			directory: this.#directory,
			software,
			table: this.#table,
		});
		for (const answer of ANSWERS) answer(this.#stanzas.host);
		this.#calls = new CallServer(this.#stanzas.host, this.#limits);
		this.#stanzas.serveCalls(this.#calls);
	}

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
		return this.#ownJid()?.toString() ?? "";
	}

	async serve<F extends Functions>(
		service: Service<F>,
		handlers: Handlers<F>,
		options: ServeOptions = {},
	): Promise<Served> {
		this.#refuseIfClosed();
		for (const fn of Object.keys(service.functions)) {
			if (typeof handlers[fn] !== "function") throw new TypeError(`${service.name}.${fn} has no handler`);
		}
		this.#ownDomain(options.domain);
		const { maxCallsIn } = this.#limits;
		const { instance = this.#ownResource, concurrency = maxCallsIn } = options;
		if (!Number.isInteger(concurrency) || concurrency < 1) {
			throw new RangeError(`concurrency must be a whole number above 0, not ${concurrency}`);
		}
		const admission = new Admission(service.name, concurrency);
		const remove = this.#directory.add({
			service,
			handlers: handlers as unknown as Handlers<Functions>,
			description: describe(service),
			instance,
			admission,
		});
		const drain = () => {
			remove();
			return this.#drained(admission);
		};
		return { instance, drain, [Symbol.asyncDispose]: drain };
	}

	client<F extends Functions>(service: Service<F>, options: ClientOptions): Client<F> {
		return makeClient(this.#table, service, options, () => this.#from(), this.#limits.defaultTimeoutMs);
	}

	async query({ type, to, payload, timeoutMs = this.#limits.defaultTimeoutMs, signal }: QueryRequest) {
		const jid = Jid.tryParse(to);
		if (jid === undefined) throw new BusError("invalid-argument", `not a JID: ${to}`);
		const answer = await this.#table.request({ type, to: jid, from: this.#from(), payload, timeoutMs, signal });
		if (answer.attr("type") === "error") throw decodeFault(decodeStanzaError(answer));
		return answer.child();
	}

	status(): AsyncIterable<NodeStatus> {
		return this.#status.read();
	}

	async drain(): Promise<void> {
		if (this.#link.state.state === "closed") return;
		this.#status.set({ state: "draining" });
		this.#calls.refuse();
		await this.#drained(this.#calls.admission);
		await this.close();
	}

	async close(): Promise<void> {
		this.#calls.abort(new BusError("unavailable", "the node was closed", { executed: "unknown" }));
		this.#table.failAll(new BusError("link-lost", "the node was closed"));
		await this.#link.close();
	}

	[Symbol.asyncDispose](): Promise<void> {
		return this.drain();
	}

	#onLink(state: LinkState): void {
		if (state.state === "waiting") {
			this.#log.warn(`link lost: ${state.cause.message}; next attempt in ${Math.round(state.retryInMs)} ms`);
			this.#table.failAll(state.cause);
		}
		if (state.state === "closed") this.#onClosed(state.cause);
		else if (this.#status.value.state !== "draining") this.#status.set(statusOf(state, this.jid));
	}

	#onClosed(cause: BusError | undefined): void {
		if (cause !== undefined) this.#log.error(`the node is closed: ${cause.message}`);
		this.#calls.abort(new BusError("link-lost", "the link was lost"));
		this.#table.failAll(cause);
		this.#status.set(cause === undefined ? { state: "closed" } : { state: "closed", cause });
		this.#status.end();
		this.#resolveClosed(cause);
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
	#ownDomain(domain: string | undefined): void {
		if (domain === undefined || domain === this.#link.ownedDomain || this.#link.claim?.(domain)) return;
		throw new BusError(
			"unimplemented",
			`this link does not own ${domain}. Use a component link of that domain, or leave out domain and call this node at ${this.jid}`,
		);
	}

	/** The `from` of what this node asks; a client's server stamps it. */
	#from(): Jid | undefined {
		return this.#link.kind === "component" ? this.#ownJid() : undefined;
	}

	#ownJid(): Jid | undefined {
		const { state } = this.#link;
		if (state.state !== "online") return undefined;
		return state.jid.local === undefined && state.jid.resource === undefined
			? state.jid.withResource(this.#ownResource)
			: state.jid;
	}

	#refuseIfClosed(): void {
		if (this.#link.state.state === "closed") throw new BusError("link-lost", "the node is closed", { executed: "no" });
	}
}

function statusOf(state: Exclude<LinkState, { state: "closed" }>, jid: string): NodeStatus {
	switch (state.state) {
		case "idle":
			return { state: "connecting", attempt: 1 };
		case "connecting":
			return { state: "connecting", attempt: state.attempt };
		case "online":
			return { state: "online", jid };
		case "waiting":
			return { state: "connecting", attempt: state.attempt, retryInMs: state.retryInMs, cause: state.cause };
	}
}
