import type { Schema, SchemaInput, SchemaOutput } from "./schema.js";

/** `get` is safe and may be asked twice; `set` changes something. They become `iq` get and set. */
export type FunctionKind = "get" | "set";

export const DELIVERIES = ["at-most-once", "at-least-once", "effectively-once"] as const;

/**
 * What a call is promised. So far every call runs at most once: the other two are part of the contract and of its
 * description, and a node that serves or calls such a function says in its log what it gets instead.
 */
export type Delivery = (typeof DELIVERIES)[number];

/**
 * One function of a contract. The type parameters are plain types, worked out once where the function is declared, so
 * that clients and handlers show them as they are and the compiler has little to do.
 */
export interface FunctionContract<
	Kind extends FunctionKind = FunctionKind,
	SentInput = unknown,
	Input = unknown,
	SentOutput = unknown,
	Output = unknown,
	SentFaults = unknown,
	Faults = unknown,
> {
	readonly kind: Kind;
	readonly delivery: Delivery;
	readonly summary: string | undefined;
	readonly input: Schema | undefined;
	readonly output: Schema | undefined;
	readonly faults: Readonly<Record<string, Schema>>;
	/** Only for the compiler; there is nothing here at run time. */
	readonly "~types"?: {
		/** What a caller passes. */
		readonly sentInput: SentInput;
		/** What the handler gets. */
		readonly input: Input;
		/** What the handler returns. */
		readonly sentOutput: SentOutput;
		/** What the caller gets. */
		readonly output: Output;
		/** By fault name: the data that the handler passes. */
		readonly sentFaults: SentFaults;
		/** By fault name: the data that the caller gets. */
		readonly faults: Faults;
	};
}

/** The plain types of a function. */
export type TypesOf<F> = F extends { readonly "~types"?: infer T } ? NonNullable<T> : never;

type FaultSchemas = Readonly<Record<string, Schema>>;

export interface FunctionSpec<I, O, F> {
	/** One line for people: shown by disco and `antiphon describe`. */
	readonly summary?: string;
	/** Left out: the function takes nothing. */
	readonly input?: I;
	/** Left out: the function returns nothing. */
	readonly output?: O;
	/** The errors that are part of the contract, by name (lower case, digits, hyphens). */
	readonly faults?: F;
	/** Default `at-most-once`. */
	readonly delivery?: Delivery;
}

type Declared<Kind extends FunctionKind, I, O, F> = FunctionContract<
	Kind,
	SchemaInput<I>,
	SchemaOutput<I>,
	SchemaInput<O>,
	SchemaOutput<O>,
	{ readonly [Name in keyof F]: SchemaInput<F[Name]> },
	{ readonly [Name in keyof F]: SchemaOutput<F[Name]> }
>;

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
>(spec: FunctionSpec<I, O, F>): Declared<"get", I, O, F> {
	return declare("get", spec);
}

/** Declares a function that changes something. Its schemas: as with {@link get}. */
export function set<
	I extends Schema | undefined = undefined,
	O extends Schema | undefined = undefined,
	F extends FaultSchemas = Record<never, Schema>,
>(spec: FunctionSpec<I, O, F>): Declared<"set", I, O, F> {
	return declare("set", spec);
}

function declare<Kind extends FunctionKind>(
	kind: Kind,
	spec: FunctionSpec<Schema | undefined, Schema | undefined, FaultSchemas>,
): FunctionContract<Kind, never, never, never, never, never, never> {
	return {
		kind,
		delivery: spec.delivery ?? "at-most-once",
		summary: spec.summary,
		input: spec.input,
		output: spec.output,
		faults: spec.faults ?? {},
	};
}
