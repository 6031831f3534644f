import type { JsonSchema } from "antiphon";
import type { Code } from "./code.js";

/** What the writers of the parts of a schema know of the whole. */
export interface SchemaParts {
	/** The code of a schema within this one. */
	schema(value: unknown): Code;
	/** A member of an object. */
	member(name: string, value: unknown, isRequired: boolean): Code;
	/** Notes that a keyword is not checked by the code: it is named in a comment. */
	leaveOut(...keywords: readonly Keyword[]): void;
}

/** Keywords that may be left out. They come into comments, so only these, and never a word of somebody else. */
export type Keyword =
	| "$dynamicRef"
	| "$ref"
	| "allOf"
	| "const"
	| "contains"
	| "dependentRequired"
	| "dependentSchemas"
	| "enum"
	| "if"
	| "maxItems"
	| "maxProperties"
	| "minItems"
	| "minProperties"
	| "not"
	| "pattern"
	| "patternProperties"
	| "prefixItems"
	| "propertyNames"
	| "type"
	| "unevaluatedItems"
	| "unevaluatedProperties"
	| "uniqueItems";

/** Notes those of these keywords that a schema has. */
export function leaveOutOf(schema: JsonSchema, parts: SchemaParts, keywords: readonly Keyword[]): void {
	parts.leaveOut(...keywords.filter((keyword) => Object.hasOwn(schema, keyword)));
}

export function isObject(value: unknown): value is JsonSchema {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A length or count as schemas have them. */
export function isCount(value: unknown): value is number {
	return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
