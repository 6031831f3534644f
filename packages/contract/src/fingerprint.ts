import { createHash } from "node:crypto";
import type { ServiceDescription } from "./describe.js";

/**
 * 128 bits that are the same exactly when two contracts are: SHA-256, cut, over the description in canonical JSON (keys
 * sorted). Summaries are for people and do not count.
 */
export function fingerprint(description: Omit<ServiceDescription, "fingerprint">): string {
	const functions = Object.fromEntries(
		Object.entries(description.functions).map(([name, { summary: _, ...rest }]) => [name, rest]),
	);
	const text = canonicalJson({ service: description.service, version: description.version, functions });
	return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

function canonicalJson(value: unknown): string {
	if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
	if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
	const members = Object.entries(value)
		.filter(([, member]) => member !== undefined)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
	return `{${members.join(",")}}`;
}
