import { randomBytes } from "node:crypto";
import { iq, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import type { Account } from "../peers/client-session.js";
import type { ModuleHost } from "./host.js";

/**
 * Tells every session that has asked for the roster (RFC 6121, section 2.1.6). Their answers are not waited for. It is
 * their own: a session that missed a push would show a wrong roster, so one that has no room for it is closed.
 */
export function pushRoster(host: ModuleHost, account: Account, item: Element): void {
	const id = `push-${randomBytes(9).toString("base64url")}`;
	const push = host.compose(iq("set", { id }, xml("query", NS.roster, {}, item)));
	for (const session of account.sessions.values()) if (session.wantsRoster) session.send(push.to(session.address));
}
