import type { z } from "zod";
import { WHAT_TO_WRITE } from "./schema.js";

type Issue = z.core.$ZodIssue;

/** What is wrong with the content of a config file: a line for each problem that names the key and says what to write. */
export function problemsOf(issues: readonly Issue[], allowedAt: (path: readonly PropertyKey[]) => string): string[] {
	return issues.flatMap((issue) => {
		if (issue.code === "unrecognized_keys") {
			const allowed = allowedAt(issue.path);
			return issue.keys.map((key) => `${keyAt([...issue.path, key])}: there is no such key; there are ${allowed}`);
		}
		const found = "input" in issue ? issue.input : undefined;
		const problem = found === undefined ? "is missing" : `cannot be ${nameOf(found)}`;
		const key = keyAt(issue.path);
		return [`${key === "" ? "the file" : key} ${problem}: write ${whatToWrite(issue.path)}`];
	});
}

/** `access.register[0].allow` */
export function keyAt(path: readonly PropertyKey[]): string {
	return path.reduce<string>(
		(key, step) =>
			typeof step === "number" ? `${key}[${step}]` : key === "" ? String(step) : `${key}.${String(step)}`,
		"",
	);
}

function whatToWrite(path: readonly PropertyKey[]): string {
	const names = path.filter((step) => typeof step !== "number").map(String);
	const isItem = path.some((step) => typeof step === "number");
	const [first, second, third] = names;
	const candidates = [
		...(first === "access" && third !== undefined ? [`access.*.${third}`] : []),
		...(first === "access" && isItem ? ["access.*"] : []),
		names.join("."),
		...((first === "limits" || first === "owners") && second !== undefined ? [`${first}.*`] : []),
	];
	return candidates.map((key) => WHAT_TO_WRITE[key]).find((hint) => hint !== undefined) ?? "something else";
}

function nameOf(value: unknown): string {
	if (value === null) return "empty";
	if (value === "") return 'empty text ("")';
	if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
	if (typeof value === "object") return "keys and values";
	return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : `the ${typeof value} ${String(value)}`;
}
