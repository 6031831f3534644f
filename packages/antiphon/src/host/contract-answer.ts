import type { ServiceDescription } from "@antiphon/contract";
import { BusError, encodePayload, NS } from "@antiphon/protocol";
import { type Element, serialize, xml } from "@antiphon/xml";

/** The contract as everybody is answered who asks for it (docs/protocol.md, "Discovery and the contract"). */
export function contractAnswer(description: ServiceDescription): Element {
	const { service, fingerprint } = description;
	const attributes = { service, fingerprint, enc: "json" };
	return xml("contract", NS.contract, attributes, encodePayload("json", description));
}

/** What the addresses and the id of a stanza take, as a rule. */
const ENVELOPE_BYTES = 1024;

/**
 * Why a contract can be shown to nobody, if that is so: it is sent in one stanza.
 * @param maxStanzaBytes as {@link Link.maxStanzaBytes}
 * @returns a BusError `too-large` that says what to do; `invalid-argument` for what no JSON can be made of
 */
export function whyNotShown(description: ServiceDescription, maxStanzaBytes: number): BusError | undefined {
	try {
		const bytes = Buffer.byteLength(serialize(contractAnswer(description))) + ENVELOPE_BYTES;
		if (bytes <= maxStanzaBytes) return undefined;
		return contractTooLarge(description, `a stanza with it has ${bytes} bytes, and ${maxStanzaBytes} can be sent`);
	} catch (thrown) {
		const error = BusError.from(thrown);
		if (error.code === "too-large") return contractTooLarge(description, error.message, error);
		const message = `the contract of ${description.service} cannot be sent: ${error.message}`;
		return new BusError("invalid-argument", message, { executed: "no", cause: error });
	}
}

/** @param why what stands in the way */
export function contractTooLarge(
	{ service, version }: { readonly service: string; readonly version: string },
	why: string,
	cause?: BusError,
): BusError {
	const message = `the contract of ${service} ${version} is too large: ${why}. Make several services of it, or shorten its schemas and summaries`;
	return new BusError("too-large", message, { executed: "no", cause });
}
