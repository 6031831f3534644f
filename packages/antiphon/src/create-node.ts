import { BusError } from "@antiphon/protocol";
import { BusNode } from "./bus-node.js";
import type { Node, NodeOptions } from "./node.js";

/**
 * Connects a node.
 * @throws BusError `invalid-argument` for malformed options; when the link cannot come up: `unauthenticated`, `conflict`, `forbidden`, `unavailable` or `link-lost`,
 * with what to do about it
 */
export async function createNode(options: NodeOptions): Promise<Node> {
	// JavaScript may call this without a link.
	if (typeof options?.link?.open !== "function") {
		throw new BusError("invalid-argument", "createNode needs a link: createNode({ link: linkFromEnv() }), for one");
	}
	if (options.link.state.state !== "idle") {
		throw new BusError("invalid-argument", "this link has been used: each node needs a link of its own");
	}
	for (const name of ["outbox", "inbox"] as const) {
		if (options[name] === undefined || typeof options[name].open === "function") continue;
		throw new BusError(
			"invalid-argument",
			`${name} must be a store: memoryStore(), or lmdbStore(folder) of @antiphon/store`,
		);
	}
	const node = new BusNode(options);
	await node.open();
	return node;
}
