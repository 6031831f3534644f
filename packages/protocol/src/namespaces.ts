import { STREAMS_NS } from "@antiphon/xml";

/** Namespaces, each with the document that defines it. */
export const NS = {
	/** RFC 6120: content of a client stream. Inside Antiphon, of every stream. */
	client: "jabber:client",
	/** XEP-0114 */
	component: "jabber:component:accept",
	/** RFC 6120, section 4.8.1 */
	streams: STREAMS_NS,
	/** RFC 6120, section 4.9.2 */
	streamErrors: "urn:ietf:params:xml:ns:xmpp-streams",
	/** RFC 6120, section 8.3 */
	stanzaErrors: "urn:ietf:params:xml:ns:xmpp-stanzas",
	/** RFC 6120, section 5 */
	tls: "urn:ietf:params:xml:ns:xmpp-tls",
	/** RFC 6120, section 6 */
	sasl: "urn:ietf:params:xml:ns:xmpp-sasl",
	/** RFC 6120, section 7 */
	bind: "urn:ietf:params:xml:ns:xmpp-bind",
	/** RFC 3921, section 3: obsolete, still asked for by old clients */
	session: "urn:ietf:params:xml:ns:xmpp-session",
	/** RFC 6121, section 2 */
	roster: "jabber:iq:roster",
	/** XEP-0030 */
	discoInfo: "http://jabber.org/protocol/disco#info",
	/** XEP-0030 */
	discoItems: "http://jabber.org/protocol/disco#items",
	/** XEP-0004 */
	dataForms: "jabber:x:data",
	/** XEP-0012 */
	lastActivity: "jabber:iq:last",
	/** XEP-0059 */
	resultSet: "http://jabber.org/protocol/rsm",
	/** XEP-0092 */
	version: "jabber:iq:version",
	/** XEP-0115 */
	caps: "http://jabber.org/protocol/caps",
	/** XEP-0198 */
	streamManagement: "urn:xmpp:sm:3",
	/** XEP-0199 */
	ping: "urn:xmpp:ping",
	/** XEP-0202 */
	time: "urn:xmpp:time",
	/** XEP-0478 */
	streamLimits: "urn:xmpp:stream-limits:0",
	/** docs/protocol.md */
	rpc: "urn:antiphon:rpc:1",
	/** docs/protocol.md: contracts as disco extensions and on request */
	contract: "urn:antiphon:contract:1",
	/** docs/protocol.md: providers and their domain */
	registry: "urn:antiphon:registry:1",
	/** docs/protocol.md: callers and a domain */
	resolve: "urn:antiphon:resolve:1",
	/** docs/protocol.md: durable calls */
	delivery: "urn:antiphon:delivery:1",
	/** docs/protocol.md: administering durable calls */
	queue: "urn:antiphon:queue:1",
	/** docs/protocol.md: operating a domain */
	stats: "urn:antiphon:stats:1",
} as const;
