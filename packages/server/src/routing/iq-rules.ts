import { NS } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";

/** What is wrong with an `<iq/>` by RFC 6120, section 8.2.3; `undefined` when nothing is. */
export function iqFault(iq: Element): string | undefined {
	const id = iq.attr("id");
	if ((id === undefined || id === "") && !isRosterGet(iq)) return "an iq needs an id";
	let payloads = 0;
	for (const child of iq.children) if (typeof child !== "string") payloads++;
	switch (iq.attr("type")) {
		case "get":
		case "set":
			return payloads === 1 ? undefined : `an iq get or set has exactly one child element, this one has ${payloads}`;
		case "result":
			return payloads <= 1 ? undefined : `an iq result has at most one child element, this one has ${payloads}`;
		case "error":
			return iq.child("error", iq.ns) === undefined ? "an iq error needs an error element" : undefined;
		default:
			return "the type of an iq is get, set, result or error";
	}
}

/** XMPP4R asks for the roster without an id, and knows the answer by its payload. */
function isRosterGet(iq: Element): boolean {
	return iq.attr("type") === "get" && iq.child("query", NS.roster) !== undefined;
}
