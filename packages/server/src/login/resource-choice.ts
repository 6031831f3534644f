import { randomBytes } from "node:crypto";
import { type Jid, JidError, type StanzaError } from "@antiphon/protocol";
import type { ResolvedOptions } from "../options.js";
import type { Account } from "../peers/client-session.js";

/**
 * The full JID that a client gets when it binds (RFC 6120, section 7): the resource it asks for, or one of the server's
 * making. With `replace`, the JID may be in use: its session has to go.
 */
export function chooseResource(
	conflict: ResolvedOptions["resourceConflict"],
	account: Account,
	asked: string,
): Jid | StanzaError {
	const made = () => account.jid.withResource(randomBytes(12).toString("base64url"));
	if (asked === "") return made();
	let jid: Jid;
	try {
		jid = account.jid.withResource(asked);
	} catch (error) {
		if (!(error instanceof JidError)) throw error;
		return { type: "modify", condition: "bad-request", text: "this cannot be a resource" };
	}
	if (conflict === "replace" || !account.sessions.has(jid.resource as string)) return jid;
	if (conflict === "rename") return made();
	return { type: "modify", condition: "conflict", text: "this resource is in use" };
}
