import { escaped } from "@antiphon/protocol";
import { type FunctionDescription, majorOf, type ServiceDescription } from "antiphon";
import { oneLine } from "./printable.js";

/**
 * A contract for people. What its provider wrote in it cannot look like lines of ours.
 * @param others versions that are served beside it
 * @param shown the functions of it
 */
export function contractLines(
	{ service, version, fingerprint }: ServiceDescription,
	domain: string,
	others: readonly string[],
	shown: readonly (readonly [string, FunctionDescription])[],
): string[] {
	return [
		`${service} ${version} at ${service}@${domain} (fingerprint ${oneLine(fingerprint)})`,
		...others.map((other) => `there is also ${other}: --major ${majorOf(other)}`),
		...shown.flatMap(([name, each]) => ["", ...functionLines(`${service}.${name}`, each)]),
	].map(escaped);
}

function functionLines(
	name: string,
	{ kind, delivery, retry, summary, input, output, faults }: FunctionDescription,
): string[] {
	// JSON has no line feeds inside its texts.
	const schema = (label: string, value: unknown) =>
		`  ${label}: ${value === null ? "nothing" : JSON.stringify(value, undefined, 2).replaceAll("\n", "\n  ")}`;
	return [
		`${name}: ${kind}, ${delivery}${summary === undefined ? "" : `: ${oneLine(summary)}`}`,
		...(retry === undefined ? [] : [schema("retry", retry)]),
		schema("input", input),
		schema("output", output),
		...Object.entries(faults).map(([fault, data]) => schema(`fault ${oneLine(fault)}`, data)),
	];
}
