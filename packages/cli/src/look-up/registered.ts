import {
	allPages,
	decodeNodes,
	encodeNodesRequest,
	type NodesRequest,
	type RegisteredInstance,
} from "@antiphon/protocol";
import type { Node } from "antiphon";
import type { Deadline } from "../connect/connection.js";
import { askDomain } from "./ask-domain.js";

/** What is registered with a domain, all or some of it, page after page (XEP-0059). @throws BusError */
export function registeredWith(
	node: Node,
	domain: string,
	wanted: NodesRequest,
	deadline: Deadline,
): Promise<RegisteredInstance[]> {
	return allPages(domain, async (after) => {
		const payload = encodeNodesRequest(after, wanted);
		const element = await askDomain(node, domain, { type: "get", payload, timeoutMs: deadline.remainingMs() });
		return { items: decodeNodes(element), element };
	});
}
