import type { ServiceDescription } from "@antiphon/contract";
import { type Capabilities, capabilityHash, encodeDiscoInfo } from "@antiphon/protocol";
import type { Subject } from "../host/directory.js";
import type { NodeHost } from "../host/node-host.js";
import { SOFTWARE_URI } from "../host/software.js";
import { infoOf } from "./subject-info.js";

/** Hashes by function and features: everybody who subscribes is told one, and contracts may be large. */
const hashes = new WeakMap<ServiceDescription, Map<string, string>>();

/** What presence of an address says of its disco#info (XEP-0115). */
export function capabilitiesOf(host: NodeHost, subject: Subject): Capabilities {
	if (subject.kind === "node") return { node: SOFTWARE_URI, ver: hashOf(host, subject) };
	const { description } = subject.served;
	const known = hashes.get(description) ?? new Map<string, string>();
	hashes.set(description, known);
	const key = [subject.kind === "function" ? subject.fn : "", ...host.features].join(" ");
	const ver = known.get(key) ?? hashOf(host, subject);
	known.set(key, ver);
	return { node: SOFTWARE_URI, ver };
}

/** The hash that a disco node asks for, `node#ver`; `undefined` for one that stands for something else. */
export function askedHash(node: string | undefined): string | undefined {
	return node?.startsWith(`${SOFTWARE_URI}#`) ? node.slice(SOFTWARE_URI.length + 1) : undefined;
}

function hashOf(host: NodeHost, subject: Subject): string {
	const hash = capabilityHash(encodeDiscoInfo(infoOf(host, subject), undefined));
	// One identity, one form, each feature once.
	if (hash === undefined) throw new Error("disco#info is ill-formed");
	return hash;
}
