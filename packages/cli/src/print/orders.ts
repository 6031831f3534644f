import { type CallNumber, type Item, ORDERS, type Order, type Ordered } from "@antiphon/protocol";
import { exitStatusOf } from "../exit-status.js";
import { printResult } from "../output.js";
import { oneLine } from "./printable.js";

const DONE: Readonly<Record<Order, string>> = { ...ORDERS, retry: "tried again now" };

/** Prints what was done with calls. The exit status is that of the first with which it was not. */
export function printOrdered(
	json: boolean | undefined,
	order: Order,
	answers: readonly Item<CallNumber, Ordered>[],
): void {
	printAnswers(json, answers, () => answers.map((each) => lineOf(order, each)));
}

/** The same of calls that were cancelled together, which may be very many: for people, a line for each that was not. */
export function printMany(json: boolean | undefined, answers: readonly Item<CallNumber, Ordered>[]): void {
	const failed = answers.filter(({ error }) => error !== undefined);
	const done = answers.length - failed.length;
	const sum = `${done} ${done === 1 ? "call is" : "calls are"} cancelled${failed.length === 0 ? "" : `, and ${failed.length} not`}`;
	printAnswers(json, answers, () => [...failed.map((each) => lineOf("cancel", each)), sum]);
}

function printAnswers(
	json: boolean | undefined,
	answers: readonly Item<CallNumber, Ordered>[],
	lines: () => string[],
): void {
	printResult(json, answers.map(asJson), lines);
	const error = answers.find((each) => each.error !== undefined)?.error;
	if (error !== undefined) process.exitCode = exitStatusOf(error.code);
}

function asJson({ n, ...each }: Item<CallNumber, Ordered>) {
	if (each.error !== undefined) return { call: n, error: { code: each.error.code, message: each.error.message } };
	return { call: n, ...(each.again && { again: { call: each.again.n, id: each.again.id } }) };
}

function lineOf(order: Order, { n, ...each }: Item<CallNumber, Ordered>): string {
	if (each.error !== undefined) return oneLine(`${n}: ${each.error.code}: ${each.error.message}`);
	return each.again === undefined ? `${n} is ${DONE[order]}` : `${n} is call ${each.again.n} now, id ${each.again.id}`;
}
