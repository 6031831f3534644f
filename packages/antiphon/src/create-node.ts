import { BusError, requireNames } from "@antiphon/protocol";
import { BusNode } from "./bus-node.js";
import type { Node, NodeOptions } from "./node.js";

const OPTIONS = Object.keys({
	link: true,
	log: true,
	limits: true,
	outbox: true,
	inbox: true,
	modules: true,
	software: true,
} satisfies Record<keyof NodeOptions, true>);

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
	if ("store" in options) {
		const message =
			"a node has two stores: outbox keeps the calls that it makes, inbox those that it runs. Name either";
		throw new BusError("invalid-argument", message);
	}
	requireNames(options, OPTIONS);
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
