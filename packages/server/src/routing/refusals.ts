import type { StanzaError } from "@antiphon/protocol";

/** No such account or resource, or nothing there that takes it; the same to whoever may not know whether there is. */
export const NOBODY: StanzaError = { type: "cancel", condition: "service-unavailable" };

/** Larger than may be written, though not than it may be sent. */
export const TOO_LARGE: StanzaError = {
	type: "modify",
	condition: "policy-violation",
	text: "written out, with its namespaces in full, this stanza is larger than the server's limits",
};

export const ANSWER_TOO_LARGE: StanzaError = {
	type: "modify",
	condition: "policy-violation",
	text: "the answer would be larger than the server's limits",
};

export const NO_ROOM: StanzaError = {
	type: "wait",
	condition: "resource-constraint",
	text: "the receiver reads too slowly: there is no room for more of what you send it",
};
