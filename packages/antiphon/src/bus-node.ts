import type { Client, Functions, Handlers, Service } from "@antiphon/contract";
import type { Link, LinkState } from "@antiphon/link";
import { BusError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { type ClientOptions, makeClient } from "./calling/client.js";
import { cancelSent, type OutcomeOptions, outcomeOf } from "./calling/sent-call.js";
import type { QueryRequest } from "./host/query-request.js";
import { Journals } from "./journals.js";
import type { Node, NodeOptions, NodeStats } from "./node.js";
import { NodeAddress } from "./node-address.js";
import { NodeLifecycle } from "./node-lifecycle.js";
import { assemble, type NodeParts } from "./node-parts.js";
import { type NodeStatus, statusOf } from "./node-status.js";
import type { Served, ServeOptions } from "./serving/served.js";

export class BusNode implements Node {
	readonly #link: Link;
	readonly #address: NodeAddress;
	readonly #parts: NodeParts;
	readonly #journals: Journals;
	readonly #lifecycle = new NodeLifecycle();
	/** Settles when the node is closed, and its journals are. */
	readonly closed = this.#lifecycle.closed.then(async (cause) => {
		await this.#journals.closed;
		return cause;
	});
	/** While the link is down: when it was lost, by `performance.now()`. */
	#lostMs: number | undefined;
	#draining: Promise<void> | undefined;
	#closing: Promise<void> | undefined;

	constructor(options: NodeOptions) {
		this.#link = options.link;
		this.#address = new NodeAddress(options.link);
		this.#parts = assemble(options, {
			address: this.#address,
			ended: (cause) => this.#end(cause),
			atMostForDrain: (done) => this.#atMostForDrain(done),
		});
		this.#journals = new Journals(this.#parts.outbox, this.#parts.inbox);
	}

	/** Once, before anything else. A node that could not open has closed its link. */
	async open(): Promise<void> {
		const { stanzas, limits } = this.#parts;
		try {
			await this.#journals.open();
			await this.#link.open(
				{
					onStanza: (stanza) => stanzas.take(stanza),
					onSkipped: (skipped) => stanzas.turnedAway.skip(skipped),
					onState: (state) => this.#onLink(state),
				},
				{ timeoutMs: limits.connectTimeoutMs },
			);
		} catch (error) {
			this.#link.destroy();
			await this.#journals.close();
			throw BusError.from(error);
		}
	}

	get jid(): string {
		return this.#address.jid?.toString() ?? "";
	}

	async serve<F extends Functions>(
		service: Service<F>,
		handlers: NoInfer<Handlers<F>>,
		options: ServeOptions = {},
	): Promise<Served> {
		if (!this.#lifecycle.isOpen) throw new BusError("unavailable", "the node is draining or closed");
		return this.#parts.serving.serve(service, handlers, options);
	}

	client<F extends Functions>(service: Service<F>, options: ClientOptions): Client<F> {
		return makeClient(this.#parts.caller, service, options);
	}

	outcome(callId: string, options: OutcomeOptions = {}): Promise<unknown> {
		return outcomeOf(this.#parts.caller, callId, options);
	}

	cancel(callId: string, options: OutcomeOptions = {}): Promise<boolean> {
		return cancelSent(this.#parts.caller, callId, options);
	}

	query(request: QueryRequest): Promise<Element | undefined> {
		return this.#parts.requests.query(request);
	}

	status(): AsyncIterable<NodeStatus> {
		return this.#lifecycle.status();
	}

	stats(): NodeStats {
		const { caller, calls, denials, stanzas, outbox } = this.#parts;
		const { table } = caller;
		const { admission, refused } = calls;
		const { count: denied } = denials;
		const { unanswered, skipped } = stanzas.turnedAway;
		const [callsIn, callsOut] = [admission.running, table.size + outbox.waiting];
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
		const { calls, serving } = this.#parts;
		this.#lifecycle.become({ state: "draining" });
		calls.admission.refuse();
		serving.refuse();
		await this.#atMostForDrain(this.#whenIdle());
		await serving.deregisterAll();
		await this.close();
	}

	/** Resolves when nothing runs here and nothing that this node asked is open. Handlers may ask until they are done. */
	async #whenIdle(): Promise<void> {
		const { calls, caller, inbox, outbox } = this.#parts;
		const { admission } = calls;
		const { table } = caller;
		while (admission.running > 0 || table.size > 0 || inbox.isBusy || outbox.waiting > 0) {
			await admission.whenIdle();
			await table.whenIdle();
			await inbox.whenIdle();
			await outbox.whenIdle();
		}
	}

	async #close(): Promise<void> {
		const { serving, calls, caller, log } = this.#parts;
		this.#lifecycle.become({ state: "closing" });
		serving.stop();
		calls.admission.refuse();
		// What is cut off is not reported as if it had come to its end.
		const closing = this.#journals.close();
		calls.abort(new BusError("unavailable", "the node was closed", { executed: "unknown" }));
		caller.table.failAll(new BusError("link-lost", "the node was closed"));
		try {
			await this.#link.close();
		} catch (error) {
			log.warn(`the link did not close in order: ${BusError.from(error).message}`);
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

	#onLink(state: LinkState): void {
		const { caller, stanzas, serving, outbox, inbox, log } = this.#parts;
		if (state.state === "online") {
			this.#address.online(state.jid);
			if (this.#lostMs !== undefined) {
				const seconds = Math.round((performance.now() - this.#lostMs) / 100) / 10;
				log.info(`online again as ${this.jid}, after ${seconds} s`);
			}
			this.#lostMs = undefined;
			outbox.link(true);
			serving.online();
			stanzas.modules.online();
		}
		if (state.state === "waiting") {
			caller.resolver.distrust();
			outbox.link(false);
			inbox.offline();
			this.#lostMs ??= performance.now();
			log.warn(`link lost: ${state.cause.message}; next attempt in ${Math.round(state.retryInMs)} ms`);
			caller.table.failAll(state.cause);
		}
		if (state.state === "closed") this.#onClosed(state.cause);
		else this.#lifecycle.become(statusOf(state, this.jid));
	}

	/** Runs once: by the link, or at the end of `close()` should the link have said nothing. */
	#onClosed(cause: BusError | undefined): void {
		if (!this.#lifecycle.become(cause === undefined ? { state: "closed" } : { state: "closed", cause })) return;
		const { calls, caller, serving, stanzas, log } = this.#parts;
		const wasOnline = this.#address.end();
		// A node that never came online says so to whoever creates it.
		if (cause !== undefined && wasOnline) log.error(`the node is closed: ${cause.message}`);
		void this.#journals.close();
		calls.abort(new BusError("link-lost", "the link was lost"));
		caller.table.failAll(cause);
		caller.resolver.close();
		serving.stop();
		stanzas.modules[Symbol.dispose]();
	}

	/** Waits until what runs is done, but not for ever. */
	async #atMostForDrain(done: Promise<void>): Promise<void> {
		let timer: NodeJS.Timeout | undefined;
		const limit = new Promise<void>((resolve) => {
			timer = setTimeout(resolve, this.#parts.limits.drainTimeoutMs);
		});
		await Promise.race([done, limit, this.closed]);
		clearTimeout(timer);
	}
}
