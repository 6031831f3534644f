import type { LastError, Statistics, TimedNumbers } from "@antiphon/protocol";
import { age } from "./age.js";
import { printable } from "./printable.js";
import { table } from "./table.js";

/** Of an error's text in the table. */
const MAX_ERROR_CHARS = 60;

/** What calls came to, for people. */
export function statisticsLines(domain: string, { functions, silent, ...all }: Statistics): string[] {
	const rows = functions.flatMap(({ name, instances, ...sum }) => [
		...instances.map(({ instance, ...numbers }) => [name, instance, ...cells(numbers)]),
		...(instances.length > 1 ? [[name, "total", ...cells(sum)]] : []),
	]);
	if (functions.length > 1) rows.push(["total", "", ...cells(all)]);
	const head = ["function", "instance", "calls", "errors", "in flight", "p50 ms", "p95 ms", "last error"];
	const none = silent.length > 0 ? [] : [`nothing is registered with ${domain} now`];
	return [
		...(rows.length === 0 ? none : [table(head, rows)]),
		...silent.map(
			({ service, instance, code, message }) =>
				`${printable(`${service}/${instance}`)} did not tell: ${code}: ${printable(message)}`,
		),
	];
}

function cells({ calls, errors, running, p50Ms, p95Ms, lastError }: TimedNumbers): string[] {
	const numbers = [calls, errors, running].map(String);
	return [...numbers, ...[p50Ms, p95Ms].map((ms) => (ms === undefined ? "" : String(ms))), errorCell(lastError)];
}

function errorCell(error: LastError | undefined): string {
	return error === undefined
		? ""
		: `${error.code}, ${age(error.agoMs)} ago: ${error.message.slice(0, MAX_ERROR_CHARS)}`;
}
