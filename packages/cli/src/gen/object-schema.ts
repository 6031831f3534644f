import type { JsonSchema } from "antiphon";
import { type Code, call, list, object } from "./code.js";
import { stringLiteral } from "./literal.js";
import { isObject, leaveOutOf, type SchemaParts } from "./schema-parts.js";
import { stringSchema } from "./string-schema.js";

/** `z.object()` and its kin, or `z.record()` where no property has a name. */
export function objectSchema(schema: JsonSchema, parts: SchemaParts): Code {
	const { properties, required, additionalProperties: rest } = schema;
	leaveOutOf(schema, parts, [
		...(["minProperties", "maxProperties", "dependentRequired", "dependentSchemas"] as const),
		"unevaluatedProperties",
	]);
	if (!isObject(properties)) {
		const record = recordSchema(schema, parts);
		if (record !== undefined) return record;
	}
	leaveOutOf(schema, parts, ["patternProperties", "propertyNames"]);
	const known = isObject(properties) ? properties : {};
	const isRequired = new Set(strings(required));
	const names = [...new Set([...Object.keys(known), ...isRequired])].filter(isName).sort();
	const members = object(
		names.map((name) => {
			return parts.member(name, Object.hasOwn(known, name) ? known[name] : true, isRequired.has(name));
		}),
	);
	// What follows a pattern is in no schema here, so it must not be refused.
	if (rest === false && !Object.hasOwn(schema, "patternProperties")) return call("z.strictObject", members);
	if (rest === undefined || rest === false) return call("z.object", members);
	if (rest === true || (isObject(rest) && Object.keys(rest).length === 0)) return call("z.looseObject", members);
	return [call("z.object", members), call(".catchall", parts.schema(rest))];
}

/** `undefined` where it takes an object: names are demanded that are not all that there may be. */
function recordSchema(schema: JsonSchema, parts: SchemaParts): Code | undefined {
	const { propertyNames, patternProperties, additionalProperties: rest = true } = schema;
	const required = strings(schema["required"]);
	if (isObject(patternProperties)) {
		const [[pattern, value] = [], ...others] = Object.entries(patternProperties);
		const isAll = others.length === 0 && propertyNames === undefined && rest === true && required.length === 0;
		if (pattern === undefined || !isAll) return undefined;
		return call("z.looseRecord", stringSchema({ pattern }, parts), parts.schema(value));
	}
	if (!isObject(propertyNames)) {
		if (required.length > 0 || rest === false) return undefined;
		return call("z.record", "z.string()", parts.schema(rest));
	}
	const { enum: allowed } = propertyNames;
	if (allowed === undefined && required.length === 0) {
		return call("z.record", stringSchema(propertyNames, parts), parts.schema(rest));
	}
	if (!Array.isArray(allowed) || allowed.length === 0 || !allowed.every(isName)) return undefined;
	// An enum as key makes each of its members required.
	const isExhaustive =
		allowed.every((name) => required.includes(name)) && required.every((name) => allowed.includes(name));
	if (!isExhaustive && required.length > 0) return undefined;
	const keys = call("z.enum", list([...new Set(allowed)].map(stringLiteral)));
	return call(isExhaustive ? "z.record" : "z.partialRecord", keys, parts.schema(rest));
}

/** Payloads never have the name `__proto__`, and an object literal takes it for something else. */
function isName(value: unknown): value is string {
	return typeof value === "string" && value !== "__proto__";
}

function strings(value: unknown): string[] {
	return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}
