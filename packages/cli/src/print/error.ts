import { styleText } from "node:util";
import { escaped } from "@antiphon/protocol";
import type { BusError } from "antiphon";
import { printable } from "./printable.js";

/** What `--json` prints for an error. */
export function errorJson(error: BusError): Record<string, unknown> {
	const { code, message, executed, data, retryAfterMs, callId } = error;
	return {
		error: {
			code,
			message,
			executed,
			...(code === "fault" ? { name: error.name, data } : {}),
			...(retryAfterMs === undefined ? {} : { retryAfterMs }),
			...(callId === undefined ? {} : { callId }),
		},
	};
}

const EXECUTED = {
	no: "the function did not run",
	yes: "the function ran",
	unknown: "whether the function ran is not known",
};

/** An error for people, on as few lines as it takes. @param isCall says whether the function ran, too */
export function errorLines(error: BusError, isCall: boolean): string[] {
	const what = error.code === "fault" ? `fault ${printable(error.name)}` : error.code;
	const ran = isCall ? ` (${EXECUTED[error.executed]})` : "";
	const lines = [`${styleText("red", what)}: ${printable(error.message)}${ran}`];
	if (error.callId !== undefined) lines.push(`durable call ${printable(error.callId)}`);
	if (error.data !== undefined) lines.push(escaped(JSON.stringify(error.data, undefined, 2)));
	return lines;
}
