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

/**
 * A function for each function of the contract. `& {}` changes nothing, except that the compiler shows the functions
 * instead of this name with all schemas of the contract.
 */
export type Client<F extends Functions> = {
	readonly [Name in keyof F]: (
		...args: CallArguments<TypesOf<F[Name]>["sentInput"]>
	) => Promise<TypesOf<F[Name]>["output"]>;
} & {};
