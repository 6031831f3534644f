import type { Delivery, TypesOf } from "./function.js";
import type { RetrySpec } from "./retry.js";
import type { Functions } from "./service.js";

/** What a call can be told besides its input. */
export interface CallOptions {
	/** The deadline: from now, in milliseconds. Default 10,000. */
	readonly timeoutMs?: number;
	/** Gives the call up: it rejects with `cancelled`, and the provider is told. */
	readonly signal?: AbortSignal;
	/** W3C Trace Context to pass on. */
	readonly traceparent?: string;
	readonly tracestate?: string;
}

/** What is said of a durable call when it is handed over. */
interface Handover {
	/**
	 * A name of your own for the call, such as the number of an order: whoever calls this function from this account with the same
	 * key makes the same call, and gets its outcome. With another input it is a `conflict`.
	 */
	readonly key?: string;
	/**
	 * Calls of this account to this function with the same key, of 1 to 128 characters, run one after the other, in the order in
	 * which they were accepted: each when the one before has its outcome, whatever that is.
	 */
	readonly orderKey?: string;
	/** Not begun before. */
	// biome-ignore lint/style/noRestrictedGlobals: the type of a value that is handed in
	readonly notBefore?: Date;
	/** Given up, with `deadline-exceeded`, if it has no outcome by then: from now, in milliseconds. Default a day, at most 30. */
	readonly expiresMs?: number;
	/** Less than the contract says: fewer attempts, longer pauses, shorter runs. */
	readonly retry?: Omit<RetrySpec, "faults">;
	/** Instead of what the contract says. `at-most-once` makes it a plain call. */
	readonly delivery?: Delivery;
}

/** What a durable call can be told besides its input. Its deadline and signal end the waiting: the call goes on. */
export interface DurableCallOptions extends CallOptions, Handover {}

/** What a call that is sent can be told besides its input. Its deadline is that of being accepted. */
export interface SendOptions extends CallOptions, Omit<Handover, "delivery"> {
	/** Instead of what the contract says. */
	readonly delivery?: Exclude<Delivery, "at-most-once">;
}

/** The arguments of a call: without input schema there is no input to pass. */
type CallArguments<SentInput, Options> = [SentInput] extends [undefined]
	? [input?: undefined, options?: Options]
	: undefined extends SentInput
		? [input?: SentInput, options?: Options]
		: [input: SentInput, options?: Options];

/** A function that its domain calls for you: it may be waited for, as any other, or sent. */
export interface DurableFunction<SentInput, Output> {
	/**
	 * Waits for the outcome. @throws BusError whose `callId` names the call; with `goesOn` when the waiting was over before, and
	 * else the error that is its outcome. Without a `callId` nothing is kept: nothing was accepted
	 */
	(...args: CallArguments<SentInput, DurableCallOptions>): Promise<Output>;
	/**
	 * Resolves with the id of the call, for `node.outcome()` and `node.cancel()`, once it is accepted: on the disk of its domain,
	 * or in the outbox of this node if that has one. @throws BusError when neither has it, or, with a `callId`, when that is not known;
	 * `conflict` with the id of the call that its key stands for
	 */
	send(...args: CallArguments<SentInput, SendOptions>): Promise<string>;
}

/** One provider of a service, as its domain tells of it. */
export interface InstanceInfo {
	/** Its name in the domain: what a client is pinned to with `instance`. */
	readonly name: string;
	/** Where it is called. */
	readonly jid: string;
	readonly version: string;
	readonly state: "available" | "draining";
	/** Calls that ran when the domain last heard of it, and how many may run at once. */
	readonly running: number;
	readonly concurrency: number;
	readonly labels: Readonly<Record<string, string>>;
}

export interface WaitOptions {
	/** Default 30,000. */
	readonly timeoutMs?: number;
	readonly signal?: AbortSignal;
}

/** What a client can do besides calling functions, whose names never begin with `$`. */
export interface ClientTools {
	/** The instances that serve this client, as the domain knows them now. @throws BusError */
	$instances(): Promise<InstanceInfo[]>;
	/**
	 * Resolves when there is an instance to call.
	 * @throws BusError `deadline-exceeded` that says what was missing, `cancelled`, `link-lost` when the node is closed, `forbidden`
	 */
	$waitFor(options?: WaitOptions): Promise<void>;
}

/** Of which it is not known what it is promised, it may be durable. */
type FunctionsOf<F extends Functions> = {
	readonly [Name in keyof F]: F[Name]["delivery"] extends "at-most-once"
		? (...args: CallArguments<TypesOf<F[Name]>["sentInput"], CallOptions>) => Promise<TypesOf<F[Name]>["output"]>
		: DurableFunction<TypesOf<F[Name]>["sentInput"], TypesOf<F[Name]>["output"]>;
};

/**
 * A function for each function of the contract, and the tools. That it is inferred once more changes nothing, except
 * that the compiler shows the functions instead of this name with all schemas of the contract.
 */
export type Client<F extends Functions> = Shown<FunctionsOf<F> & ClientTools>;

type Shown<T> = T extends infer Members ? { readonly [Name in keyof Members]: Members[Name] } : never;
