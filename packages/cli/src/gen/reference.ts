import type { JsonSchema } from "antiphon";
import { isObject } from "./schema-parts.js";

export interface Target {
	readonly schema: unknown;
	/** What it is called within the whole. */
	readonly parts: readonly string[];
}

/** What a `$ref` points at: the whole, or one of its definitions; `undefined` for every other place. */
export function targetOf(root: unknown, pointer: string): Target | undefined {
	if (pointer === "#") return { schema: root, parts: [] };
	const [, keyword = "", name = ""] = /^#\/(\$defs|definitions)\/([^/%]+)$/.exec(pointer) ?? [];
	const definitions = isObject(root) ? root[keyword] : undefined;
	// RFC 6901 section 4.
	const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
	if (!isObject(definitions) || !Object.hasOwn(definitions, key)) return undefined;
	return { schema: definitions[key], parts: [key] };
}

/** Whether something in it refers to the whole. */
export function isSelfReferring(root: unknown): boolean {
	// Without recursion: it may be deeper than the stack.
	const pending = [root];
	for (let value = pending.pop(); pending.length > 0 || value !== undefined; value = pending.pop()) {
		if (typeof value !== "object" || value === null) continue;
		if (!Array.isArray(value) && (value as JsonSchema)["$ref"] === "#") return true;
		for (const each of Object.values(value)) if (typeof each === "object" && each !== null) pending.push(each);
	}
	return false;
}
