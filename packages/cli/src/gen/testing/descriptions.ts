import type { FunctionDescription, JsonSchema, ServiceDescription } from "antiphon";
import fc from "fast-check";

/** What must never be seen in code outside of a string; run, it would be noticed too. */
export const INJECTED = "INJECTED";

const PAYLOAD = `globalThis.${INJECTED}=1`;

/** Text that tries to get out of where it is put. */
export const HOSTILE_TEXTS = [
	`");${PAYLOAD};("`,
	`'+(${PAYLOAD})+'`,
	`\`\${${PAYLOAD}}\``,
	`*/${PAYLOAD};/*`,
	`\n${PAYLOAD}\n`,
	`\r${PAYLOAD}`,
	`\u2028${PAYLOAD}\u2029`,
	`\\");${PAYLOAD}//`,
	`\\`,
	`\ud800");${PAYLOAD}`,
	`\u202e${PAYLOAD}`,
	`]]};${PAYLOAD};({[[`,
	`/);${PAYLOAD};(/`,
	"__proto__",
	"constructor",
	"z",
	"get",
	"",
	"12",
	"a b",
];

const hostile = fc.constantFrom(...HOSTILE_TEXTS);
const name = fc.oneof({ weight: 3, arbitrary: fc.constantFrom("a", "b", "my-name", "next") }, hostile);
const number = fc.oneof(fc.integer({ min: -3, max: 9 }), fc.double(), fc.constant(`0);${PAYLOAD}`));
const reference = fc.oneof(
	fc.constantFrom("#", "#/$defs/a", "#/$defs/b", "#/$defs/next", "#/definitions/a", "#/properties/a", "#/$defs/none"),
	hostile.map((text) => `#/$defs/${text}`),
);
const value = fc.oneof(hostile, fc.integer(), fc.boolean(), fc.constant(null), fc.constant({ a: 1 }), fc.constant([1]));
const type = fc.constantFrom("string", "number", "integer", "boolean", "null", "array", "object", `x");${PAYLOAD}`);

const { schema } = fc.letrec<{ schema: unknown }>((tie) => {
	const inner = tie("schema");
	const many = fc.array(inner, { maxLength: 3 });
	const named = fc.dictionary(name, inner, { maxKeys: 3, noNullPrototype: true });
	const keywords = {
		type: fc.oneof({ weight: 8, arbitrary: type }, fc.array(type, { maxLength: 3 }), hostile),
		properties: named,
		$defs: named,
		definitions: named,
		patternProperties: named,
		required: fc.oneof(fc.array(name, { maxLength: 3 }), hostile),
		additionalProperties: fc.oneof(inner, fc.boolean()),
		propertyNames: inner,
		items: fc.oneof(inner, fc.constant(false)),
		prefixItems: many,
		anyOf: many,
		oneOf: many,
		allOf: many,
		not: inner,
		if: inner,
		enum: fc.array(value, { maxLength: 4 }),
		const: value,
		$ref: reference,
		pattern: fc.oneof(hostile, fc.constantFrom("^a", "(", "\\p{L}", "[")),
		format: hostile,
		title: hostile,
		description: hostile,
		default: value,
		readOnly: fc.boolean(),
		uniqueItems: fc.boolean(),
	};
	const numeric = ["minLength", "maxLength", "minItems", "maxItems", "minimum", "exclusiveMaximum", "multipleOf"];
	const checks = Object.fromEntries(numeric.map((keyword) => [keyword, number]));
	const all: Readonly<Record<string, fc.Arbitrary<unknown>>> = { ...keywords, ...checks };
	// Chosen first: what is made and not taken would take time that grows with every level.
	const chosen = fc.subarray(Object.keys(all), { maxLength: 4 }).chain((kept) => {
		const arbitraries = ["type", ...kept].map((keyword) => [keyword, all[keyword] ?? type]);
		return fc.record(Object.fromEntries(arbitraries) as typeof all, { requiredKeys: kept, noNullPrototype: true });
	});
	const kinds = [{ weight: 6, arbitrary: chosen }, fc.jsonValue({ maxDepth: 2 }), fc.boolean()];
	return { schema: fc.oneof({ maxDepth: 4, withCrossShrink: true }, fc.constant({ type: "string" }), ...kinds) };
});

const described = fc.record(
	{
		kind: fc.constantFrom("get" as const, "set" as const),
		delivery: fc.constantFrom("at-most-once" as const, "effectively-once" as const),
		summary: hostile,
		input: fc.oneof(schema, fc.constant(null)),
		output: fc.oneof(schema, fc.constant(null)),
		faults: fc.dictionary(fc.constantFrom("full", "unknown-word", "constructor"), schema, { maxKeys: 2 }),
	},
	{ requiredKeys: ["kind", "delivery", "faults"] },
) as fc.Arbitrary<FunctionDescription>;

/** Descriptions that `parseDescription` takes and whose names are those of a service: all else in them is hostile. */
export const descriptions: fc.Arbitrary<ServiceDescription> = fc.record({
	service: fc.constantFrom("dictionary", "get", "class", "3d-print", "await", "z"),
	version: fc.constantFrom("1.0.0", "2.10.3"),
	fingerprint: hostile,
	functions: fc.dictionary(fc.constantFrom("define", "look-up", "delete", "Z", "constructor"), described, {
		minKeys: 1,
		maxKeys: 3,
		noNullPrototype: true,
	}),
});

/** A service of one function, whose output has this schema. */
export function returning(output: unknown): ServiceDescription {
	const fn: FunctionDescription = {
		kind: "get",
		delivery: "at-most-once",
		input: null,
		output: output as JsonSchema,
		faults: {},
	};
	return { service: "probe", version: "1.0.0", fingerprint: "x", functions: { ask: fn } };
}
