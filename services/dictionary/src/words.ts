/** What the dictionary knows when it starts. */
export const WORDS: Readonly<Record<string, string>> = {
	antiphon: "A call and its response, sung by two choirs in turn.",
	iq: "Info/Query: a stanza that asks (get, set) and gets exactly one answer (result, error).",
	jid: "An XMPP address: local@domain/resource.",
	presence: "A stanza that tells others whether and how an entity can be reached.",
	roster: "The contacts of an account, and who may see whose presence.",
	stanza: "The unit of meaning in XMPP: an iq, a message or a presence.",
	xmpp: "The Extensible Messaging and Presence Protocol: XML streams between addresses, across domains.",
};
