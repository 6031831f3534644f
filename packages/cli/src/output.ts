import { escaped } from "@antiphon/protocol";
import { BusError } from "antiphon";
import { UsageError } from "./command-error.js";
import { EXIT_STATUS, exitStatusOf } from "./exit-status.js";
import { errorJson, errorLines } from "./print/error.js";
import { printable } from "./print/printable.js";

/** Prints a result: with `--json` as one JSON value, else by `lines`. */
export function printResult(
	json: boolean | undefined,
	value: unknown,
	lines: (value: unknown) => readonly string[],
): void {
	if (json) console.log(escaped(JSON.stringify(value ?? null)));
	else for (const line of lines(value)) console.log(line);
}

/** Reports an error where it belongs and sets the exit status. @param isCall whether it was about calling a function */
export function reportError(thrown: unknown, json: boolean, isCall = false): void {
	const isUsage = thrown instanceof UsageError;
	const error = isUsage ? new BusError("invalid-argument", thrown.message) : BusError.from(thrown);
	process.exitCode = isUsage ? EXIT_STATUS.usage : exitStatusOf(error.code);
	if (json) printErrorJson(error);
	else if (thrown instanceof BusError) for (const line of errorLines(error, isCall)) console.error(line);
	else console.error(`antiphon: ${printable(error.message)}`);
	if (isUsage && !json) for (const other of thrown.others) console.error(`antiphon: ${printable(other)}`);
}

/** The one JSON value that stands for an error. */
export function printErrorJson(error: BusError): void {
	console.log(escaped(JSON.stringify(errorJson(error))));
}
