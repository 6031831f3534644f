import { BusError } from "@antiphon/protocol";
import { BusNode } from "./bus-node.js";
import type { Node, NodeOptions } from "./node.js";

/**
 * Connects a node.
 * @throws BusError when the link cannot come up: `unauthenticated`, `conflict`, `forbidden`, `unavailable` or `link-lost`,
 * with what to do about it
 */
export async function createNode(options: NodeOptions): Promise<Node> {
	if (options.link.state.state !== "idle") {
		throw new BusError("invalid-argument", "this link has been used: each node needs a link of its own");
	}
	const node = new BusNode(options);
	await node.open();
	return node;
}
