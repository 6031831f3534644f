import type { OutcomeText, Refusal } from "@antiphon/delivery";
import {
	BusError,
	type BusErrorCode,
	decodeFaultAlone,
	decodeReply,
	type Encoding,
	type Executed,
	encodeFaultAlone,
	type Outcome as ReadOutcome,
} from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import type { Outcome } from "./call-outcome.js";
import { keptElement } from "./kept-element.js";

/** Of a stanza, what is left for all but the one call or outcome in it, in bytes. */
export const ENVELOPE_BYTES = 2_048;

/** What came of a run, as it is kept and travels. @param encoding of what the caller wrote, which it can read */
export function outcomeText(outcome: Outcome, encoding: Encoding): OutcomeText {
	if ("reply" in outcome) return { text: serialize(outcome.reply), code: undefined, executed: "yes" };
	const { error } = outcome;
	const name = error.code === "fault" ? { name: error.name } : {};
	return {
		text: serialize(encodeFaultAlone(error, encoding)),
		code: error.code,
		executed: error.executed,
		...name,
	};
}

/** The same of what a stanza tells. */
export function readOutcomeText({ element, code, name, executed }: ReadOutcome): OutcomeText {
	return { text: serialize(element), code, executed, ...(name !== undefined && { name }) };
}

/** An outcome that was kept, for a stanza. */
export function outcomeFrom({ text, code, name, executed }: OutcomeText): ReadOutcome {
	return { element: keptElement(text), code, name, executed };
}

/** Writes the `<fault/>` of an outcome that no provider has reported. */
export function faultText(code: BusErrorCode, executed: Executed, message: string): string {
	return serialize(encodeFaultAlone(new BusError(code, message, { executed }), "json"));
}

/** The output as it came. @throws BusError the error that the outcome is */
export function outputOf({ text, code }: OutcomeText): unknown {
	const element = keptElement(text);
	if (code !== undefined) throw decodeFaultAlone(element);
	return decodeReply(element);
}

export function refusalOf({ code, message, executed, retryAfterMs }: BusError): Refusal {
	return { code, message, executed, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

export function errorOfRefusal({ code, message, executed, retryAfterMs }: Refusal): BusError {
	return new BusError(code, message, { executed, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}
