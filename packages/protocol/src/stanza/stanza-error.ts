import { type Element, xml } from "@antiphon/xml";
import { legible } from "../legible.js";
import { MAX_ERROR_TEXT_CHARS } from "../limits.js";
import { NS } from "../namespaces.js";
import { answering } from "./stanza.js";

/** RFC 6120, section 8.3.2 */
export const STANZA_ERROR_TYPES = ["auth", "cancel", "continue", "modify", "wait"] as const;
export type StanzaErrorType = (typeof STANZA_ERROR_TYPES)[number];

/** RFC 6120, section 8.3.3 */
export const STANZA_CONDITIONS = [
	"bad-request",
	"conflict",
	"feature-not-implemented",
	"forbidden",
	"gone",
	"internal-server-error",
	"item-not-found",
	"jid-malformed",
	"not-acceptable",
	"not-allowed",
	"not-authorized",
	"policy-violation",
	"recipient-unavailable",
	"redirect",
	"registration-required",
	"remote-server-not-found",
	"remote-server-timeout",
	"resource-constraint",
	"service-unavailable",
	"subscription-required",
	"undefined-condition",
	"unexpected-request",
] as const;
export type StanzaCondition = (typeof STANZA_CONDITIONS)[number];

/** The `<error/>` of a stanza (RFC 6120, section 8.3). */
export interface StanzaError {
	readonly type: StanzaErrorType;
	readonly condition: StanzaCondition;
	/** For people. Of any content: what XML cannot carry is replaced, and what is too long is cut. */
	readonly text?: string | undefined;
	/** The application-specific condition, section 8.3.4. */
	readonly application?: Element | undefined;
}

export function encodeStanzaError(error: StanzaError): Element {
	return xml(
		"error",
		NS.client,
		{ type: error.type },
		xml(error.condition, NS.stanzaErrors),
		error.text === undefined ? undefined : xml("text", NS.stanzaErrors, {}, legible(error.text, MAX_ERROR_TEXT_CHARS)),
		error.application,
	);
}

/** Reads the `<error/>` of a stanza of type error. What is missing or unknown becomes `undefined-condition`, `cancel`. */
export function decodeStanzaError(stanza: Element): StanzaError {
	const error = stanza.child("error", NS.client);
	const type = STANZA_ERROR_TYPES.find((known) => known === error?.attr("type")) ?? "cancel";
	const children = error?.elements() ?? [];
	const condition =
		STANZA_CONDITIONS.find((known) => children.some((child) => child.is(known, NS.stanzaErrors))) ??
		"undefined-condition";
	return {
		type,
		condition,
		text: error?.child("text", NS.stanzaErrors)?.text().slice(0, MAX_ERROR_TEXT_CHARS).toWellFormed(),
		// Ours first, whatever else somebody on the way has added.
		application:
			children.find((child) => child.is("fault", NS.rpc)) ?? children.find((child) => child.ns !== NS.stanzaErrors),
	};
}

/** The error reply to a stanza. It does not echo what was sent: the sender knows, and a mirror doubles the traffic. */
export function errorOf(request: Element, error: StanzaError): Element {
	const { to, from, id } = answering(request);
	return xml(request.name, NS.client, { type: "error", id, to, from }, encodeStanzaError(error));
}
