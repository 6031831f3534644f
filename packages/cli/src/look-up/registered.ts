import {
	decodeNodes,
	decodePageEnd,
	encodeNodesRequest,
	type NodesRequest,
	type RegisteredInstance,
} from "@antiphon/protocol";
import { BusError, type Node } from "antiphon";
import type { Deadline } from "../connect/connection.js";
import { askDomain } from "./ask-domain.js";

/** Instances of one domain; above it `too-large`. */
const MAX_LISTED = 100_000;

/** What is registered with a domain, all or some of it, page after page (XEP-0059). @throws BusError */
export async function registeredWith(
	node: Node,
	domain: string,
	wanted: NodesRequest,
	deadline: Deadline,
): Promise<RegisteredInstance[]> {
	const all: RegisteredInstance[] = [];
	for (let after: string | undefined; ; ) {
		const payload = encodeNodesRequest(after, wanted);
		const answer = await askDomain(node, domain, { type: "get", payload, timeoutMs: deadline.remainingMs() });
		const page = decodeNodes(answer);
		for (const instance of page) all.push(instance);
		const end = answer && decodePageEnd(answer, page.length);
		if (end === undefined || end.isEnd) return all;
		if (end.last === after) throw new BusError("protocol", `${domain} answers with the same page again and again`);
		if (all.length >= MAX_LISTED) throw new BusError("too-large", `${domain} has more than ${MAX_LISTED} instances`);
		after = end.last;
	}
}
