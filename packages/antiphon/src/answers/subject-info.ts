import { type DiscoInfo, type Identity, legible, NS } from "@antiphon/protocol";
import { formOf, type Subject } from "../host/directory.js";
import type { NodeHost } from "../host/node-host.js";

/**
 * Said aloud: to some who work a capability hash out, a name without language has that of the stream, which servers
 * choose, and to others it has none.
 */
const LANG = "en";

/** How much of a summary stands as a name, in UTF-16 code units. */
const MAX_NAME_CHARS = 200;

/**
 * What disco#info says of an address (XEP-0030), with the contract as a form (XEP-0128). Entity capabilities are a hash of
 * it: it is the same for everybody, and nothing in it changes while the contract and the features of the node do not.
 */
export function infoOf(host: Pick<NodeHost, "features" | "ownedDomain" | "software">, subject: Subject): DiscoInfo {
	return {
		identities: [identityOf(host, subject)],
		features: subject.kind === "node" ? host.features : [...host.features, NS.contract],
		forms: subject.kind === "node" ? [] : [formOf(subject)],
	};
}

/** The XSF registers `component`/`generic` for components of no other kind, and `automation`/`rpc` for what can be called. */
function identityOf(host: Pick<NodeHost, "ownedDomain" | "software">, subject: Subject): Identity {
	if (subject.kind !== "node") return { category: "automation", type: "rpc", name: nameOf(subject), lang: LANG };
	const { name } = host.software;
	return host.ownedDomain === undefined
		? { category: "client", type: "bot", name, lang: LANG }
		: { category: "component", type: "generic", name, lang: LANG };
}

/** What people are shown of a service or function. */
export function nameOf(subject: Exclude<Subject, { readonly kind: "node" }>): string {
	const { service, description } = subject.served;
	if (subject.kind === "service") return `${service.name} ${service.version}`;
	const summary = description.functions[subject.fn]?.summary;
	return summary === undefined ? `${service.name}.${subject.fn}` : legible(summary, MAX_NAME_CHARS);
}
