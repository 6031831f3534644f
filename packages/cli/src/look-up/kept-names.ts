import {
	allPages,
	decodeFreed,
	decodeNames,
	encodeFree,
	encodeNamesRequest,
	type FreedName,
	type KeptName,
} from "@antiphon/protocol";
import { BusError, type Node } from "antiphon";
import type { Deadline } from "../connect/connection.js";
import { askDomain } from "./ask-domain.js";

/**
 * The names that a domain keeps for their owners, page after page (XEP-0059), by name.
 * @param service this one alone
 * @throws BusError
 */
export function keptNames(node: Node, domain: string, deadline: Deadline, service?: string): Promise<KeptName[]> {
	return allPages(domain, async (after) => {
		const payload = encodeNamesRequest(after, service);
		const element = await askDomain(node, domain, { type: "get", payload, timeoutMs: deadline.remainingMs() });
		return { items: decodeNames(element), element };
	});
}

/** One of them. @throws BusError `not-found` where it is kept for nobody */
export async function keptName(node: Node, domain: string, service: string, deadline: Deadline): Promise<KeptName> {
	const [name] = await keptNames(node, domain, deadline, service);
	if (name !== undefined) return name;
	throw new BusError("not-found", `${domain} keeps no name ${service}: it is free`);
}

/** Has a domain give a name up. @returns whose it was. @throws BusError */
export async function freeName(node: Node, domain: string, service: string, deadline: Deadline): Promise<FreedName> {
	const timeoutMs = deadline.remainingMs();
	return decodeFreed(await askDomain(node, domain, { type: "set", payload: encodeFree(service), timeoutMs }));
}
