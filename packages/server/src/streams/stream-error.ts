import { NS } from "@antiphon/protocol";
import { STREAM_END, STREAM_PREFIXES, serialize, xml } from "@antiphon/xml";

/** The stream errors that this server sends (RFC 6120, section 4.9.3). */
export type StreamErrorCondition =
	| "bad-format"
	| "bad-namespace-prefix"
	| "conflict"
	| "connection-timeout"
	| "host-unknown"
	| "improper-addressing"
	| "internal-server-error"
	| "invalid-from"
	| "invalid-namespace"
	| "invalid-xml"
	| "not-authorized"
	| "not-well-formed"
	| "policy-violation"
	| "reset"
	| "resource-constraint"
	| "restricted-xml"
	| "system-shutdown"
	| "unsupported-encoding"
	| "unsupported-stanza-type"
	| "unsupported-version";

const XML_ADVICE = "The peer sends what XMPP forbids: look at the code that writes its XML";

/** What a person who reads the log can do, where the condition tells it. */
const ADVICE: Partial<Record<StreamErrorCondition, string>> = {
	"bad-format": XML_ADVICE,
	"bad-namespace-prefix": XML_ADVICE,
	"invalid-namespace": XML_ADVICE,
	"invalid-xml": XML_ADVICE,
	"not-well-formed": XML_ADVICE,
	"restricted-xml": XML_ADVICE,
	"unsupported-encoding": "The peer must send UTF-8",
	"connection-timeout": "Look whether the peer still runs and reads from its socket, or raise the limit",
	"host-unknown": "Connect with one of this server's domains, or start the server with that domain",
	"improper-addressing": "A stanza or stream header of the peer lacks a valid address",
	"invalid-from": "The peer may use its own address only",
	"not-authorized": "The peer must log in first, with the right password or secret",
	"policy-violation": "Send less, or raise that limit of the server",
	"resource-constraint": "Read faster, close what is not needed, or raise that limit of the server",
	"unsupported-stanza-type": "The peer sends an element that has no meaning at this point of the stream",
	"unsupported-version": "The peer must open its stream with version='1.0'",
};

export function adviceFor(condition: StreamErrorCondition): string {
	const advice = ADVICE[condition];
	return advice === undefined ? "" : ` ${advice}.`;
}

/** The error and the end of the stream, as they go on the wire. */
export function streamErrorText(condition: StreamErrorCondition, text: string): string {
	const error = xml("error", NS.streams, {}, xml(condition, NS.streamErrors), xml("text", NS.streamErrors, {}, text));
	return serialize(error, NS.client, STREAM_PREFIXES) + STREAM_END;
}
