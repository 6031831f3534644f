import { type Jid, message, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";

/** The child element that a cancellation is known by. */
export const CANCEL = { ns: NS.rpc, name: "cancel" } as const;

/**
 * Tells a provider that nobody waits for the answer to a call any more (docs/protocol.md, "Cancellation"). A headline,
 * because a server does not store those for somebody who is away (RFC 6121, section 8.5).
 * @param id of the call's `iq`
 */
export function cancelMessage(id: string, to: Jid, from: Jid | undefined): Element {
	const address = { to: to.toString(), from: from?.toString(), type: "headline" };
	return message(address, xml(CANCEL.name, CANCEL.ns, { id }));
}
