import type { OutcomeText } from "@antiphon/delivery";
import { BusError, type Executed, type Jid } from "@antiphon/protocol";
import { escapeAttribute } from "@antiphon/xml";
import { ENVELOPE_BYTES, faultText } from "antiphon/modules";

/** Of a caller's full JID as XML writes it, in bytes: it stands in the stanzas that tell of outcomes, and has room in their envelope. */
const MAX_ADDRESS_BYTES = 1_024;

/**
 * Who makes calls, and asks about them, can be told what came of them.
 * @param executed what is said of the calls if not
 * @throws BusError `too-large`
 */
export function requireAddress(from: Jid, executed: Executed): void {
	const bytes = Buffer.byteLength(escapeAttribute(from.toString()));
	if (bytes <= MAX_ADDRESS_BYTES) return;
	const message = `your address has ${bytes} bytes, and outcomes are told to those of at most ${MAX_ADDRESS_BYTES}: take a shorter resource`;
	throw new BusError("too-large", message, { executed });
}

/** What is submitted can be delivered. @param text of the call @throws BusError `too-large` */
export function requireDeliverable(text: string, maxStanzaBytes: number): void {
	const bytes = Buffer.byteLength(text) + ENVELOPE_BYTES;
	if (bytes <= maxStanzaBytes) return;
	throw new BusError("too-large", `it may have ${bytes} bytes when it is delivered, and ${maxStanzaBytes} can be sent`);
}

/**
 * What is kept of an outcome: itself, or that it is too large. It has to fit into a stanza when it is told, as XML writes it, with all
 * its escapes: what could be told to nobody would leave its caller without an outcome.
 */
export function tellable(outcome: OutcomeText, maxStanzaBytes: number): OutcomeText {
	const bytes = Buffer.byteLength(outcome.text);
	const maxBytes = maxStanzaBytes - ENVELOPE_BYTES;
	if (bytes <= maxBytes) return outcome;
	const { executed } = outcome;
	const message = `the outcome has ${bytes} bytes; ${maxBytes} can be told`;
	return { text: faultText("too-large", executed, message), code: "too-large", executed };
}
