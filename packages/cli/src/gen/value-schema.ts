import type { JsonSchema } from "antiphon";
import { type Code, call, list } from "./code.js";
import { literal, stringLiteral } from "./literal.js";
import type { SchemaParts } from "./schema-parts.js";

/** The values that `const` or `enum` lists; `undefined` without these, or where a value is a list or an object. */
export function valueSchema(schema: JsonSchema, parts: SchemaParts): Code | undefined {
	if (Object.hasOwn(schema, "const")) {
		const text = literal(schema["const"]);
		if (text === undefined) parts.leaveOut("const");
		else return call("z.literal", text);
	}
	const { enum: values } = schema;
	if (!Array.isArray(values)) return undefined;
	if (values.length === 0) return "z.never()";
	// An enum of zod has a member for each value, and so none of this name.
	if (values.every((value) => typeof value === "string" && value !== "__proto__")) {
		return call("z.enum", list([...new Set(values as string[])].map(stringLiteral)));
	}
	const texts = new Set(values.map(literal));
	if (!texts.has(undefined)) return call("z.literal", list([...texts] as string[]));
	parts.leaveOut("enum");
	return undefined;
}
