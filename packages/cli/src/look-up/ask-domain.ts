import { BusError, type Element, type Node } from "antiphon";

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
		const message = `${error.message}. Does a domain host run there (antiphon domain)?`;
		throw new BusError(error.code, message, { cause: thrown, executed: error.executed });
	}
}
