import type { JsonSchema } from "antiphon";
import { type Code, call, list } from "./code.js";
import { isCount, leaveOutOf, type SchemaParts } from "./schema-parts.js";

/** The compiler goes through the types of a tuple one within the other. */
const MAX_TUPLE = 24;

/** `z.array()` or `z.tuple()`. */
export function arraySchema(schema: JsonSchema, parts: SchemaParts): Code {
	leaveOutOf(schema, parts, ["contains", "uniqueItems", "unevaluatedItems"]);
	const { prefixItems, items, minItems, maxItems } = schema;
	if (Array.isArray(prefixItems) && prefixItems.length > 0) {
		if (prefixItems.length <= MAX_TUPLE) return tuple(schema, prefixItems, parts);
		parts.leaveOut("prefixItems");
		return "z.array(z.unknown())";
	}
	const min = isCount(minItems) ? `.min(${minItems})` : "";
	const max = items === false ? ".max(0)" : isCount(maxItems) ? `.max(${maxItems})` : "";
	return [call("z.array", parts.schema(items === false ? true : (items ?? true))), `${min}${max}`];
}

/** Items that need not be there can only be the last ones, and zod counts for itself how many there must be. */
function tuple(schema: JsonSchema, prefixItems: readonly unknown[], parts: SchemaParts): Code {
	const { items = true, minItems, maxItems } = schema;
	const isClosed = items === false;
	const required = isCount(minItems) ? Math.min(minItems, prefixItems.length) : 0;
	if (isCount(minItems) && minItems > prefixItems.length) parts.leaveOut("minItems");
	if (isCount(maxItems) && !(isClosed && maxItems >= prefixItems.length)) parts.leaveOut("maxItems");
	const codes = prefixItems.map((item, i): Code => {
		const code = parts.schema(item);
		return i < required ? code : [code, ".optional()"];
	});
	return isClosed ? call("z.tuple", list(codes)) : call("z.tuple", list(codes), parts.schema(items));
}
