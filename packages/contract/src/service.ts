import type { BusError } from "@antiphon/protocol";
import type { FunctionContract } from "./function.js";
import { isVersion } from "./version.js";

// biome-ignore format: one parameter a line says nothing more
type AnyFunction = FunctionContract;

export type Functions = Readonly<Record<string, AnyFunction>>;

/** A named, versioned set of functions: what caller and provider share. */
export interface Service<F extends Functions = Functions> {
	readonly name: string;
	/** `major.minor.patch`. A provider serves callers of the same major version that are not newer than itself. */
	readonly version: string;
	readonly functions: F;
}

/** What a call can be told besides its input. */
export interface CallOptions {
	/** The deadline: from now, in milliseconds. Default 10,000. */
	readonly timeoutMs?: number;
	/** Gives the call up: it rejects with `cancelled`. */
	readonly signal?: AbortSignal;
	/** W3C Trace Context to pass on. */
	readonly traceparent?: string;
	readonly tracestate?: string;
}

type Types<F> = F extends { readonly "~types"?: infer T } ? NonNullable<T> : never;

/** The arguments of a call: without input schema there is no input to pass. */
type CallArguments<SentInput> = [SentInput] extends [undefined]
	? [input?: undefined, options?: CallOptions]
	: undefined extends SentInput
		? [input?: SentInput, options?: CallOptions]
		: [input: SentInput, options?: CallOptions];

/** A function for each function of the contract. */
export type Client<F extends Functions> = {
	readonly [Name in keyof F]: (
		...args: CallArguments<Types<F[Name]>["sentInput"]>
	) => Promise<Types<F[Name]>["output"]>;
};

/** What a handler is told besides its input. */
export interface CallContext<Faults = unknown> {
	/** The caller's address, as its XMPP server vouches for it. */
	readonly from: string;
	/** `service.function` */
	readonly fn: string;
	/** The id of this call, unique for its caller. */
	readonly callId: string;
	/** Aborts when the caller cannot use an answer any more: at the deadline, or when this node goes down. */
	readonly signal: AbortSignal;
	/** What is left until the deadline, in milliseconds. */
	remainingMs(): number;
	readonly traceparent: string | undefined;
	readonly tracestate: string | undefined;
	/** Ends the call with a fault that the contract declares. */
	fail<Name extends keyof Faults & string>(name: Name, data: Faults[Name], message?: string): never;
}

export type Handler<F extends AnyFunction> = (
	input: Types<F>["input"],
	ctx: CallContext<Types<F>["faults"]>,
) => Types<F>["sentOutput"] | Promise<Types<F>["sentOutput"]>;

/** A handler for each function of the contract. */
export type Handlers<F extends Functions> = { readonly [Name in keyof F]: Handler<F[Name]> };

const SERVICE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;
const FUNCTION_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9_-]{0,62}[a-zA-Z0-9_])?$/;
const FAULT_NAME = SERVICE_NAME;

/**
 * Declares a service.
 *
 * @param name lower-case letters, digits and hyphens, at most 64: the local part of its JID
 * @param version `major.minor.patch`
 * @param functions made by `get()` and `set()`; names are letters, digits, `_` and `-`, at most 64. JIDs do not tell
 * upper from lower case, so two names that differ only in case are refused
 * @throws TypeError with what is wrong
 */
export function service<const F extends Functions>(name: string, version: string, functions: F): Service<F> {
	if (!SERVICE_NAME.test(name)) {
		throw new TypeError(`service name ${JSON.stringify(name)}: use 1 to 64 lower-case letters, digits and hyphens`);
	}
	if (!isVersion(version))
		throw new TypeError(`service ${name}: version ${JSON.stringify(version)} is not major.minor.patch`);
	const folded = new Map<string, string>();
	for (const [fn, contract] of Object.entries(functions)) {
		if (!FUNCTION_NAME.test(fn)) {
			throw new TypeError(`service ${name}: function name ${JSON.stringify(fn)}: use 1 to 64 letters, digits, _ and -`);
		}
		// A client with a function "then" would be taken for a promise by await.
		if (fn === "then") throw new TypeError(`service ${name}: a function cannot be called "then"`);
		const twin = folded.get(fn.toLowerCase());
		if (twin !== undefined) {
			throw new TypeError(`service ${name}: ${twin} and ${fn} differ only in case, and JIDs do not tell them apart`);
		}
		folded.set(fn.toLowerCase(), fn);
		for (const fault of Object.keys(contract.faults)) {
			if (!FAULT_NAME.test(fault)) {
				throw new TypeError(
					`${name}.${fn}: fault name ${JSON.stringify(fault)}: use lower-case letters, digits and hyphens`,
				);
			}
		}
	}
	if (folded.size === 0) throw new TypeError(`service ${name} has no functions`);
	return { name, version, functions };
}

/** A BusError that is known to be a certain fault. */
export interface Fault<Name extends string, Data> extends BusError {
	readonly code: "fault";
	readonly name: Name;
	readonly data: Data;
}

/**
 * Is this error the fault of this name, declared by this function? Narrows the type of its data:
 * `if (isFault(error, dictionary.functions.define, "unknown-word")) error.data.near`.
 */
export function isFault<F extends AnyFunction, Name extends keyof Types<F>["faults"] & string>(
	error: unknown,
	declaredBy: F,
	name: Name,
): error is Fault<Name, Types<F>["faults"][Name]> {
	const fault = error as Partial<BusError> | undefined;
	return fault?.code === "fault" && fault.name === name && Object.hasOwn(declaredBy.faults, name);
}
