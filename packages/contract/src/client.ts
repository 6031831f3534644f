import type { TypesOf } from "./function.js";
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

/** The arguments of a call: without input schema there is no input to pass. */
type CallArguments<SentInput> = [SentInput] extends [undefined]
	? [input?: undefined, options?: CallOptions]
	: undefined extends SentInput
		? [input?: SentInput, options?: CallOptions]
		: [input: SentInput, options?: CallOptions];

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

type FunctionsOf<F extends Functions> = {
	readonly [Name in keyof F]: (
		...args: CallArguments<TypesOf<F[Name]>["sentInput"]>
	) => Promise<TypesOf<F[Name]>["output"]>;
};

/**
 * A function for each function of the contract, and the tools. That it is inferred once more changes nothing, except
 * that the compiler shows the functions instead of this name with all schemas of the contract.
 */
export type Client<F extends Functions> = Shown<FunctionsOf<F> & ClientTools>;

type Shown<T> = T extends infer Members ? { readonly [Name in keyof Members]: Members[Name] } : never;
