import type { FunctionContract, TypesOf } from "./function.js";
import type { Functions } from "./service.js";

/** What a handler is told besides its input. */
export interface CallContext<SentFaults = unknown> {
	/** The caller's address, as its XMPP server vouches for it. */
	readonly from: string;
	/** `service.function` */
	readonly fn: string;
	/**
	 * `caller@example.org/ID` of a durable call: the same for every attempt, also after a redrive, and of no other call: what an effect
	 * that must not happen twice is kept by. `caller@example.org/resource/ID` of any other: names this attempt; a call that is made again has
	 * another one. It begins with the caller's address, as its server attests it: nobody can make another's.
	 */
	readonly callId: string;
	/** Which attempt this is of a durable call, from 1. Of any other: 1. */
	readonly attempt: number;
	/** Aborts when nobody waits for an answer any more: at the deadline, when the caller cancels, when this node closes. */
	readonly signal: AbortSignal;
	/** What is left until the deadline, in milliseconds. */
	remainingMs(): number;
	readonly traceparent: string | undefined;
	readonly tracestate: string | undefined;
	/** Ends the call with a fault that the contract declares. */
	fail<Name extends keyof SentFaults & string>(name: Name, data: SentFaults[Name], message?: string): never;
}

/** Where no output is declared, a handler returns nothing: as a method without `return` does, whose type is `void`. */
// biome-ignore lint/suspicious/noConfusingVoidType: it stands for what a method returns
type Returned<SentOutput> = [SentOutput] extends [undefined] ? undefined | void : SentOutput;

/**
 * Carries out a function: returns what the contract declares, or a promise of it.
 *
 * Literals need no `as const`, with one exception of the compiler's: in an `async` function, a literal that is all that
 * it returns is widened (`async () => "open"` is a promise of any string). Write `"open" as const` there, or leave out
 * `async`.
 */
export type Handler<F extends FunctionContract> = (
	input: TypesOf<F>["input"],
	ctx: CallContext<TypesOf<F>["sentFaults"]>,
) => Returned<TypesOf<F>["sentOutput"]> | Promise<Returned<TypesOf<F>["sentOutput"]>>;

/** A handler for each function of the contract: an object of functions, or an instance of a class with these methods. */
export type Handlers<F extends Functions> = { readonly [Name in keyof F]: Handler<F[Name]> };
