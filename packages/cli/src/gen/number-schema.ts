import type { JsonSchema } from "antiphon";
import { numberLiteral } from "./literal.js";

const CHECKS = { minimum: "min", maximum: "max", exclusiveMinimum: "gt", exclusiveMaximum: "lt" };
/** What `z.int()` checks anyway. */
const IMPLIED: Readonly<Record<string, unknown>> = {
	minimum: Number.MIN_SAFE_INTEGER,
	maximum: Number.MAX_SAFE_INTEGER,
};

/** `z.number()` or `z.int()`, which is within the safe integers by itself. */
export function numberSchema(schema: JsonSchema, isInteger: boolean): string {
	const checks = Object.entries(CHECKS).map(([keyword, check]) => {
		const text = numberLiteral(schema[keyword]);
		const isImplied = isInteger && schema[keyword] === IMPLIED[keyword];
		return text === undefined || isImplied ? "" : `.${check}(${text})`;
	});
	const { multipleOf } = schema;
	const step = numberLiteral(multipleOf);
	const multiple = step === undefined || (multipleOf as number) <= 0 ? "" : `.multipleOf(${step})`;
	return `${isInteger ? "z.int()" : "z.number()"}${checks.join("")}${multiple}`;
}
