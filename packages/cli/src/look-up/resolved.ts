import { decodeResolution, encodeResolve, type Resolution } from "@antiphon/protocol";
import type { BrowseOptions, Node } from "antiphon";

/**
 * Which instances of a service there are, asked once.
 * @param jid the address of the service
 * @param version those that serve it; `undefined`: all
 * @throws BusError
 */
export async function resolved(
	node: Pick<Node, "query">,
	jid: string,
	version: string | undefined,
	limits: BrowseOptions,
): Promise<Resolution> {
	const payload = encodeResolve({ version, watchMs: 0 });
	return decodeResolution(await node.query({ ...limits, type: "get", to: jid, payload }));
}
