import { NS } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { final, type LinkFailure, passing } from "../failure.js";

/**
 * What a stream error means for the link (RFC 6120 section 4.9.3). The ones that another attempt cannot mend are named
 * here; every other one, known or not, leads to a reconnect.
 *
 * `see-other-host` is not followed: before TLS anybody on the way could send it. SRV records do what it is for.
 */
export function streamFailure(error: Element, domain: string): LinkFailure {
	const [condition] = error.elements(undefined, NS.streamErrors);
	const name = condition?.name ?? "undefined-condition";
	const text = error.child("text", NS.streamErrors)?.text().slice(0, 500);
	const said = text === undefined || text === "" ? name : `${name}: ${text}`;
	switch (name) {
		case "conflict":
			return final(
				"conflict",
				`another process has this address (${said}). Give each process a resource, or a domain, of its own`,
			);
		case "not-authorized":
			return final("unauthenticated", `the server refused the credentials (${said}). Check the password or secret`);
		case "host-unknown":
		case "host-gone":
		case "improper-addressing":
			return final("link-lost", `the server does not serve ${domain} (${said}). Check the domain and the url`);
		case "unsupported-version":
			return final("link-lost", `the server does not speak XMPP 1.0 (${said})`);
		case "see-other-host":
			return passing(
				"link-lost",
				"the server refers to another host; that is not followed, use SRV records or its url",
			);
		default:
			return passing("link-lost", `the server ended the stream (${said})`);
	}
}

/** What a failed login means (RFC 6120 section 6.5). */
export function saslFailure(failure: Element, jid: string): LinkFailure {
	const name = failure.elements().find((child) => child.name !== "text")?.name ?? "not-authorized";
	const text = failure.child("text")?.text().slice(0, 500);
	const said = text === undefined || text === "" ? name : `${name}: ${text}`;
	if (name === "temporary-auth-failure") {
		return passing("link-lost", `the server cannot check the password now (${said})`);
	}
	return final("unauthenticated", `the server refused the login of ${jid} (${said}). Check the jid and the password`);
}

/** What a refused resource means (RFC 6120 section 7.7.2). */
export function bindFailure(iq: Element): LinkFailure {
	const name = iq.child("error")?.child(undefined, NS.stanzaErrors)?.name ?? "undefined-condition";
	if (name === "conflict") {
		return final("conflict", "another process has this resource (conflict). Give each process its own resource");
	}
	if (name === "not-allowed" || name === "bad-request") {
		return final("forbidden", `the server refused the resource (${name})`);
	}
	return passing("link-lost", `the server refused the resource (${name})`);
}
