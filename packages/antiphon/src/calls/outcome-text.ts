import type { OutcomeText, Refusal } from "@antiphon/delivery";
import {
	BusError,
	type BusErrorCode,
	decodeFaultAlone,
	decodeReply,
	type Executed,
	encodeFaultAlone,
	type Outcome,
} from "@antiphon/protocol";
import { parseElement, serialize } from "@antiphon/xml";

/** What came of a call, as a stanza tells it. */
export function readOutcomeText({ element, code, name, executed }: Outcome): OutcomeText {
	return { text: serialize(element), code, executed, ...(name !== undefined && { name }) };
}

/** Writes the `<fault/>` of an outcome that no provider has reported. */
export function faultText(code: BusErrorCode, executed: Executed, message: string): string {
	return serialize(encodeFaultAlone(new BusError(code, message, { executed }), "json"));
}

/** The output as it came. @throws BusError the error that the outcome is */
export function outputOf({ text, code }: OutcomeText): unknown {
	const element = parseElement(text);
	if (code !== undefined) throw decodeFaultAlone(element);
	return decodeReply(element);
}

export function refusalOf({ code, message, executed, retryAfterMs }: BusError): Refusal {
	return { code, message, executed, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

export function errorOfRefusal({ code, message, executed, retryAfterMs }: Refusal): BusError {
	return new BusError(code, message, { executed, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}
