import { createHash } from "node:crypto";
import type { ServiceDescription } from "./description.js";
import { essenceOf } from "./retry.js";

/** JSON Schema keywords that say nothing about what is valid. A default may be made up anew each time: an id, the time. */
const FOR_PEOPLE = new Set(["title", "description", "examples", "default", "$comment", "deprecated"]);
/** Keywords whose value maps names to schemas. */
const MAPS_OF_SCHEMAS = new Set(["properties", "patternProperties", "dependentSchemas", "$defs", "definitions"]);
/** Keywords whose value is data, not a schema. */
const DATA = new Set(["enum", "const"]);

/**
 * 128 bits that are the same when two contracts are: SHA-256, cut, over the description in canonical JSON (keys sorted).
 * Counts: names, version, kind, delivery, retry where it is stated, what is valid. Does not count: what is for people, default values.
 */
export function fingerprint(description: Omit<ServiceDescription, "fingerprint">): string {
	const { service, version } = description;
	const functions = mapValues(description.functions, ({ kind, delivery, retry, input, output, faults }) => ({
		kind,
		delivery,
		// Not even as nothing where it is not stated: such contracts have the fingerprints that they had before there was any.
		...(retry === undefined ? {} : { retry: essenceOf(retry) }),
		input: essence(input),
		output: essence(output),
		faults: mapValues(faults, essence),
	}));
	const text = canonicalJson({ service, version, functions });
	return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

/** What a JSON Schema demands. */
function essence(schema: unknown): unknown {
	if (Array.isArray(schema)) return schema.map(essence);
	if (typeof schema !== "object" || schema === null) return schema;
	const kept = Object.entries(schema).filter(([keyword]) => !FOR_PEOPLE.has(keyword));
	return withOneType(Object.fromEntries(kept.map(([keyword, value]) => [keyword, keywordEssence(keyword, value)])));
}

/**
 * Alternatives that are nothing but types are written as one list of types, or each apart as soon as one of them has a word
 * for people: that is the same demand.
 */
function withOneType({ anyOf, ...others }: Record<string, unknown>): Record<string, unknown> {
	if (!Array.isArray(anyOf) || anyOf.length === 0 || others["type"] !== undefined) return asItWas(anyOf, others);
	if (!anyOf.every((one) => Object.keys(Object(one)).join() === "type")) return asItWas(anyOf, others);
	const [type, ...more] = new Set(anyOf.flatMap((one) => one.type));
	return { ...others, type: more.length === 0 ? type : [type, ...more] };
}

const asItWas = (anyOf: unknown, others: Record<string, unknown>) =>
	anyOf === undefined ? others : { ...others, anyOf };

function keywordEssence(keyword: string, value: unknown): unknown {
	if (DATA.has(keyword)) return value;
	if (keyword === "required" && Array.isArray(value)) return [...value].sort();
	return MAPS_OF_SCHEMAS.has(keyword) ? mapValues(value as Record<string, unknown>, essence) : essence(value);
}

function mapValues<T>(members: Readonly<Record<string, T>>, change: (value: T) => unknown): Record<string, unknown> {
	return Object.fromEntries(Object.entries(members).map(([key, value]) => [key, change(value)]));
}

function canonicalJson(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
	if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
	const members = Object.entries(value)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
	return `{${members.join(",")}}`;
}
