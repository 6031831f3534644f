import { BusError, type BusErrorCode } from "@antiphon/protocol";
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";

/**
 * A schema of zod (4.2 or newer), or of any library that implements Standard Schema and Standard JSON Schema
 * (standardschema.dev).
 *
 * A schema has two sides, and the wire carries its *input* side: the sender checks a value and sends what it was given;
 * the receiver parses it and works with the output side. So defaults, coercions and transforms run once, where the value
 * arrives.
 */
export interface Schema<Input = unknown, Output = Input> {
	readonly "~standard": StandardSchemaV1.Props<Input, Output> & StandardJSONSchemaV1.Props<Input, Output>;
}

export type SchemaInput<S> = S extends Schema<infer Input, unknown> ? Input : undefined;
export type SchemaOutput<S> = S extends {
	readonly "~standard": { readonly types?: { readonly output: infer Output } | undefined };
}
	? Output
	: undefined;

/** JSON Schema, draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const ISSUES_SHOWN = 5;

/**
 * Parses a value. `undefined` as schema means that there must be no value.
 * @returns the output side; a promise only when the schema checks asynchronously
 * @throws BusError of the code given, with the path and message of the first issues
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
	const result = schema["~standard"].validate(value);
	return result instanceof Promise ? result.then((late) => settled(late, what, code)) : settled(result, what, code);
}

function settled(result: StandardSchemaV1.Result<unknown>, what: string, code: BusErrorCode): unknown {
	if (result.issues === undefined) return result.value;
	const shown = result.issues.slice(0, ISSUES_SHOWN).map(describeIssue);
	const more = result.issues.length - shown.length;
	throw new BusError(code, `${what}: ${shown.join("; ")}${more > 0 ? `; and ${more} more` : ""}`);
}

function describeIssue(issue: StandardSchemaV1.Issue): string {
	const path = (issue.path ?? [])
		.map((step) => String(typeof step === "object" ? step.key : step))
		.join(".")
		.slice(0, 100);
	return path === "" ? issue.message : `${path}: ${issue.message}`;
}

/**
 * The JSON Schema of what travels. What JSON Schema cannot express (bytes, custom checks) is left open.
 * @throws TypeError when the library cannot produce one
 */
export function jsonSchemaOf(schema: Schema, what: string): JsonSchema {
	const standard: Partial<Schema["~standard"]> | undefined = schema?.["~standard"];
	if (typeof standard?.validate !== "function" || typeof standard.jsonSchema?.input !== "function") {
		throw new TypeError(`${what} must be a schema of zod 4.2 or newer, or of a library with Standard JSON Schema`);
	}
	// Without this option zod refuses what it cannot express; other libraries ignore it.
	const libraryOptions = { unrepresentable: "any" };
	const { $schema: _, ...rest } = standard.jsonSchema.input({ target: "draft-2020-12", libraryOptions });
	return rest;
}
