import { NS } from "@antiphon/protocol";
import { BusError, discoInfo, type Element, type Node } from "antiphon";

/**
 * Asks a domain what only its administrators may.
 * @throws BusError, in words that tell a domain without host from a service that is not there
 */
export async function askDomain(
	node: Node,
	domain: string,
	{ type, payload, timeoutMs }: { readonly type: "get" | "set"; readonly payload: Element; readonly timeoutMs: number },
): Promise<Element | undefined> {
	try {
		return await node.query({ type, to: domain, payload, timeoutMs });
	} catch (thrown) {
		const error = BusError.from(thrown);
		if (error.code !== "unimplemented" && error.code !== "unavailable") throw error;
		if (await isHosted(node, domain, timeoutMs)) throw error;
		const message = `${error.message}. Does a domain host run there (antiphon domain)?`;
		throw new BusError(error.code, message, { cause: thrown, executed: error.executed });
	}
}

/** Whether a domain host answers there: what it has said is then not that it is away. */
async function isHosted(node: Node, domain: string, timeoutMs: number): Promise<boolean> {
	const info = await discoInfo(node, domain, { timeoutMs }).catch(() => undefined);
	return info?.features.includes(NS.registry) ?? false;
}
