import type { Client, Functions, Handlers, Service } from "@antiphon/contract";
import type { Store } from "@antiphon/delivery";
import type { Link } from "@antiphon/link";
import type { BusError, Log } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { NodeLimits } from "./bounds/limits.js";
import type { ClientOptions } from "./calling/client.js";
import type { OutcomeOptions } from "./calling/sent-call.js";
import type { NodeModule } from "./host/node-host.js";
import type { QueryRequest } from "./host/query-request.js";
import type { NodeStatus } from "./node-status.js";
import type { Served, ServeOptions } from "./serving/served.js";

export interface NodeOptions {
	/** The connection to the XMPP server. A link belongs to one node. */
	readonly link: Link;
	/** Default: quiet. `console` or a pino logger will do. */
	readonly log?: Log;
	readonly limits?: Partial<NodeLimits>;
	/**
	 * Where durable calls of this node are kept until their domain has them, and their outcomes until they are asked for: a
	 * store of its own for each node. Default: the memory of this process; then a call that its domain cannot accept now fails.
	 */
	readonly outbox?: Store;
	/**
	 * Where durable calls that domains have given to this node are kept until they are reported, so that one that has run is not
	 * run again when its process has died. Default: the memory of this process.
	 */
	readonly inbox?: Store;
	/** Capabilities besides those that every node has. What one of them answers takes the place of a built-in answer. */
	readonly modules?: readonly NodeModule[];
	/** What XEP-0092 tells of this node. Default: Antiphon's own name and version. */
	readonly software?: { readonly name: string; readonly version: string };
}

/** Numbers of one moment. */
export interface NodeStats {
	/** Calls of others that run here now (`limits.maxCallsIn`). */
	readonly callsIn: number;
	/** Requests of this node, calls and queries, that wait for their answer now, and durable calls that are waited for (each: `limits.maxCallsOut`). */
	readonly callsOut: number;
	/** Answers since the start that were dropped, because no request waited for them: late, repeated or forged. */
	readonly droppedAnswers: number;
	/** Calls of others since the start that were refused before their input was read: unknown, malformed or too many. */
	readonly refused: number;
	/**
	 * What policy has refused since the start, calls (these are among `refused`, too) and what else is asked of a service or
	 * instance: the rules of the domain that it is registered with do not let the asker.
	 */
	readonly denied: number;
	/**
	 * Requests of others since the start, calls and others, that got no answer: dropped because too much waited to be sent
	 * (docs/protocol.md, "Too much at once"), or done when the link was down or without room.
	 */
	readonly unanswered: number;
	/** Stanzas of others since the start that went over a limit on their size or shape, and were skipped. */
	readonly skipped: number;
}

export interface Node extends AsyncDisposable {
	/** This node's own address: while the link is down the last one, `""` once the node is closed. */
	readonly jid: string;
	/**
	 * Serves a service. Handlers are called as methods of the object given. Resolves once calls can arrive: where it has
	 * to be registered, that is when the domain has done so. A domain that cannot be reached is asked again for
	 * `limits.connectTimeoutMs`; once registered, the service is kept so whatever happens to link and domain.
	 * @throws BusError `conflict` when the node serves this major version already, or the domain has another instance of
	 * this name or another contract of this version; `forbidden` when the domain's policy says so; `unavailable` or
	 * `unimplemented` when no such domain was found for that time; `invalid-argument`; TypeError for a handler or a JSON Schema that is missing
	 */
	serve<F extends Functions>(
		service: Service<F>,
		// The service alone says what F is: else the compiler would widen the literals that handlers return.
		handlers: NoInfer<Handlers<F>>,
		options?: ServeOptions,
	): Promise<Served>;
	/** A typed client: an object with a function for each of the service's. */
	client<F extends Functions>(service: Service<F>, options: ClientOptions): Client<F>;
	/**
	 * Waits for the outcome of a durable call, also of one that another process of this account has made: resolves with its
	 * output, as the provider sent it.
	 * @param callId what `send()` has resolved with, or the `callId` of an error. That of a handler's `ctx` will do for a call that
	 * this node has made itself
	 * @throws BusError the error that is its outcome; with `goesOn`, executed unknown, `deadline-exceeded` or `cancelled` when the time
	 * (default `limits.defaultTimeoutMs`) or the signal is over; `not-found`, executed unknown, when its domain does not
	 * know it, or not any more
	 */
	outcome(callId: string, options?: OutcomeOptions): Promise<unknown>;
	/**
	 * Gives a durable call up: it does not run any more, unless it does already.
	 * @returns whether its outcome is now that it was cancelled; `false`: it had another one before
	 * @throws BusError `not-found`: no call of this account with this id has come to its domain. One that comes yet is cancelled
	 * then: it may still be in the outbox of another process. Otherwise as `outcome`, but for what its outcome is
	 */
	cancel(callId: string, options?: OutcomeOptions): Promise<boolean>;
	/** Asks any XMPP entity with an `iq`. Resolves with the payload of the result. @throws BusError */
	query(request: QueryRequest): Promise<Element | undefined>;
	/** What the node does now, and every change until it is closed. */
	status(): AsyncIterable<NodeStatus>;
	/** What the node has to do now, and what it has turned away. */
	stats(): NodeStats;
	/**
	 * Refuses new calls, finishes those that run (at most `limits.drainTimeoutMs`), closes. Those that run are the calls
	 * of others and this node's own, which still get their answers. Until then the node may make further ones, since a
	 * handler may need them; they are waited for too, and so are outcomes of durable calls that somebody here waits for.
	 */
	drain(): Promise<void>;
	/** Ends at once: what runs is aborted, what waits settles with `link-lost`. */
	close(): Promise<void>;
	/** Resolves when the node is closed, with the cause if something forced it. */
	readonly closed: Promise<BusError | undefined>;
}
