import type { JsonSchema } from "antiphon";
import { stringLiteral } from "./literal.js";
import { isCount, isObject, type SchemaParts } from "./schema-parts.js";

const MAX_PATTERN_CHARS = 4_096;

/**
 * `z.string()` with lengths and patterns. A format comes with what is for people: in draft 2020-12 it checks nothing, and
 * the libraries that check it add its pattern.
 */
export function stringSchema(schema: JsonSchema, parts: SchemaParts): string {
	const { minLength, maxLength, pattern, allOf } = schema;
	const min = isCount(minLength) ? `.min(${minLength})` : "";
	const max = isCount(maxLength) ? `.max(${maxLength})` : "";
	const several = isPatterns(allOf) ? allOf.map((each) => each["pattern"]) : [];
	const patterns = [...(pattern === undefined ? [] : [pattern]), ...several];
	return `z.string()${min}${max}${patterns.map((each) => regexCheck(each, parts)).join("")}`;
}

/** The form in which zod describes a string with more than one pattern. */
export function isPatterns(allOf: unknown): allOf is JsonSchema[] {
	return Array.isArray(allOf) && allOf.every((each) => isObject(each) && Object.keys(each).join() === "pattern");
}

function regexCheck(pattern: unknown, parts: SchemaParts): string {
	if (typeof pattern === "string" && pattern.length <= MAX_PATTERN_CHARS) {
		// Only what needs the flag gets it: without it, the same text may mean something else.
		const flags = /\\[pP]\{|\\u\{/.test(pattern) ? "u" : "";
		if (isRegExp(pattern, flags)) {
			return `.regex(new RegExp(${stringLiteral(pattern)}${flags === "" ? "" : ', "u"'}))`;
		}
	}
	parts.leaveOut("pattern");
	return "";
}

function isRegExp(pattern: string, flags: string): boolean {
	try {
		new RegExp(pattern, flags);
		return true;
	} catch {
		return false;
	}
}
