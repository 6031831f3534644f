import { BusError, type BusErrorCode } from "@antiphon/protocol";
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

/**
 * A schema of zod (4.2 or newer), or of any library that implements Standard Schema and Standard JSON Schema
 * (standardschema.dev).
 *
 * A schema has two sides, and the wire carries its *input* side: the sender checks a value and sends what it was given
 * ({@link outgoing}); the receiver parses it ({@link parse}) and works with the output side. So defaults, coercions and
 * transforms count where the value arrives.
 */
export interface Schema<Input = unknown, Output = Input> {
	readonly "~standard": StandardSchemaV1.Props<Input, Output> & StandardJSONSchemaV1.Props<Input, Output>;
}

/** A schema that lets everything pass, such as `z.any()`, must not switch the checks off for its users. */
type Checked<T> = 0 extends 1 & T ? unknown : T;

export type SchemaInput<S> = S extends Schema<infer Input, unknown> ? Checked<Input> : undefined;
export type SchemaOutput<S> = S extends {
	readonly "~standard": { readonly types?: { readonly output: infer Output } | undefined };
}
	? Checked<Output>
	: undefined;

/** JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const ISSUES_SHOWN = 5;
const PATH_CHARS_SHOWN = 100;
const MESSAGE_CHARS_SHOWN = 200;

/**
 * Parses a value. `undefined` as schema means that there must be no value.
 * @returns the output side; a promise only when the schema checks asynchronously
 * @throws BusError of the code given, with the path and message of the first issues; `internal` when the schema itself
 * threw
 */
export function parse(
	schema: Schema | undefined,
	value: unknown,
	what: string,
	code: BusErrorCode,
): unknown | Promise<unknown> {
	if (schema === undefined) {
		if (value === undefined) return undefined;
		throw new BusError(code, `${what}: nothing is expected here`);
	}
	const broken = (cause: unknown) => {
		// Input is checked before anything runs.
		const executed = code === "invalid-argument" ? "no" : "unknown";
		return new BusError("internal", `${what}: the schema threw: ${BusError.from(cause).message}`, { executed, cause });
	};
	let result: ReturnType<Schema["~standard"]["validate"]>;
	try {
		result = schema["~standard"].validate(value);
	} catch (cause) {
		throw broken(cause);
	}
	if (!isPromise(result)) return settled(result, what, code);
	return Promise.resolve(result).then(
		(late) => settled(late, what, code),
		(cause) => {
			throw broken(cause);
		},
	);
}

/** Also of another realm or library: a promise taken for a result would pass as a valid `undefined`. */
export function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
	return typeof (value as Partial<PromiseLike<T>> | undefined)?.then === "function";
}

function settled(result: StandardSchemaV1.Result<unknown>, what: string, code: BusErrorCode): unknown {
	if (!result.issues) return result.value;
	const shown = result.issues.slice(0, ISSUES_SHOWN).map(describeIssue);
	const more = result.issues.length - shown.length;
	throw new BusError(code, `${what}: ${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`);
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
	const steps = (issue.path ?? []).map((step) => String(typeof step === "object" ? step.key : step));
	const path = steps.join(".").slice(0, PATH_CHARS_SHOWN);
	const message = issue.message.slice(0, MESSAGE_CHARS_SHOWN);
	return path === "" ? message : `${path}: ${message}`;
}

/** @throws TypeError when this is no schema that can both check and be described */
export function requireSchema(schema: Schema, what: string): void {
	const standard: Partial<Schema["~standard"]> | undefined = (schema as Schema | null)?.["~standard"];
	if (typeof standard?.validate !== "function" || typeof standard.jsonSchema?.input !== "function") {
		throw new TypeError(`${what} must be a schema of zod 4.2 or newer, or of a library with Standard JSON Schema`);
	}
}

/**
 * The JSON Schema of what travels. What JSON Schema cannot express (bytes, custom checks) is left open.
 * @throws TypeError when the library cannot produce one
 */
export function jsonSchemaOf(schema: Schema, what: string): JsonSchema {
	requireSchema(schema, what);
	try {
		// Without this option zod refuses what it cannot express; other libraries ignore it.
		const libraryOptions = { unrepresentable: "any" };
		const produced = schema["~standard"].jsonSchema.input({ target: "draft-2020-12", libraryOptions });
		const { $schema: _, ...plain } = JSON.parse(JSON.stringify(produced)) as Record<string, unknown>;
		return plain;
	} catch (cause) {
		throw new TypeError(`${what} has no JSON Schema: ${BusError.from(cause).message}`, { cause });
	}
}
