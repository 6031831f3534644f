import { completed, type Retry, type RetrySpec } from "./retry.js";
import type { Schema, SchemaInput, SchemaOutput } from "./schema.js";

/** `get` is safe and may be asked twice; `set` changes something. They become `iq` get and set. */
export type FunctionKind = "get" | "set";

export const DELIVERIES = ["at-most-once", "at-least-once", "effectively-once"] as const;

/**
 * What a call is promised. `at-most-once`: nothing; it is sent once. The other two are durable: the domain keeps the call until it
 * has an outcome. `at-least-once`: once it is accepted it runs, maybe more than once. `effectively-once`: the same, and it has one
 * outcome, which each repeat gets; it runs again only when the lease of the run before is over.
 */
export type Delivery = (typeof DELIVERIES)[number];

/** The plain types of a function. */
export interface FunctionTypes {
	/** What a caller passes. */
	readonly sentInput: unknown;
	/** What the handler gets. */
	readonly input: unknown;
	/** What the handler returns. */
	readonly sentOutput: unknown;
	/** What the caller gets. */
	readonly output: unknown;
	/** By fault name: the data that the handler passes. */
	readonly sentFaults: unknown;
	/** By fault name: the data that the caller gets. */
	readonly faults: unknown;
}

/**
 * One function of a contract. The type parameters are plain types, worked out once where the function is declared, so
 * that clients and handlers show them as they are and the compiler has little to do.
 */
export interface FunctionContract<
	Kind extends FunctionKind = FunctionKind,
	Types extends FunctionTypes = FunctionTypes,
	Delivered extends Delivery = Delivery,
> {
	readonly kind: Kind;
	readonly delivery: Delivered;
	/** How a durable function is tried again. `undefined`: the contract states nothing of it. */
	readonly retry: Retry | undefined;
	readonly summary: string | undefined;
	readonly input: Schema | undefined;
	readonly output: Schema | undefined;
	readonly faults: Readonly<Record<string, Schema>>;
	/** Only for the compiler; there is nothing here at run time. */
	readonly "~types"?: Types;
}

/** The plain types of a function. */
export type TypesOf<F extends FunctionContract> = NonNullable<F["~types"]>;

type FaultSchemas = Readonly<Record<string, Schema>>;

export interface FunctionSpec<I, O, F, Delivered extends Delivery = Delivery> {
	/** One line for people: shown by disco and `antiphon describe`. */
	readonly summary?: string;
	/** Left out: the function takes nothing. */
	readonly input?: I;
	/** Left out: the function returns nothing. */
	readonly output?: O;
	/** The errors that are part of the contract, by name (lower case, digits, hyphens). */
	readonly faults?: F;
	/** Default `at-most-once`. */
	readonly delivery?: Delivered;
	/** Of a durable function: how often and when it is tried again. What is left out has its default. */
	readonly retry?: RetrySpec<NoInfer<keyof F & string>>;
}

/** An alias and no interface: declaration files show what it stands for, and need no name for it. */
type Declared<I, O, F> = {
	readonly sentInput: SchemaInput<I>;
	readonly input: SchemaOutput<I>;
	readonly sentOutput: SchemaInput<O>;
	readonly output: SchemaOutput<O>;
	readonly sentFaults: { readonly [Name in keyof F]: SchemaInput<F[Name]> };
	readonly faults: { readonly [Name in keyof F]: SchemaOutput<F[Name]> };
};

/*
 * NoInfer, below: an argument of `service()` is compared with any function, of whatever delivery, and the compiler would take
 * that for what a function is promised which states nothing.
 */

/**
 * Declares a function that changes nothing: it may be asked twice.
 *
 * What travels is the input side of its schemas, and it must be JSON values or bytes (`Uint8Array`, msgpack only). A
 * schema of something else (`z.date()`, `z.bigint()`, `z.map()`) can be declared, but every call with such a value is
 * refused when the value is to be sent. Declare what travels and convert: `z.coerce.date<string>()`, or a codec of the
 * schema library.
 */
export function get<
	I extends Schema | undefined = undefined,
	O extends Schema | undefined = undefined,
	F extends FaultSchemas = Record<never, Schema>,
	Delivered extends Delivery = "at-most-once",
>(spec: FunctionSpec<I, O, F, Delivered>): FunctionContract<"get", Declared<I, O, F>, NoInfer<Delivered>> {
	return declare("get", spec);
}

/** Declares a function that changes something. Its schemas: as with {@link get}. */
export function set<
	I extends Schema | undefined = undefined,
	O extends Schema | undefined = undefined,
	F extends FaultSchemas = Record<never, Schema>,
	Delivered extends Delivery = "at-most-once",
>(spec: FunctionSpec<I, O, F, Delivered>): FunctionContract<"set", Declared<I, O, F>, NoInfer<Delivered>> {
	return declare("set", spec);
}

function declare<Kind extends FunctionKind, Delivered extends Delivery>(
	kind: Kind,
	spec: Omit<FunctionSpec<Schema | undefined, Schema | undefined, FaultSchemas, Delivered>, "retry"> & {
		readonly retry?: RetrySpec;
	},
): FunctionContract<Kind, never, Delivered> {
	return {
		kind,
		// Left out, the type parameter is what stands here.
		delivery: spec.delivery ?? ("at-most-once" as Delivered),
		retry: spec.retry === undefined ? undefined : completed(spec.retry),
		summary: spec.summary,
		input: spec.input,
		output: spec.output,
		faults: spec.faults ?? {},
	};
}
