import type { Instance as InstanceLine } from "@antiphon/protocol";
import type { Instance } from "./registry.js";

/** An instance as callers are told of it. */
export function instanceLine({ instance, node, version, state, running, concurrency, labels }: Instance): InstanceLine {
	return { name: instance, jid: node, version, state, running, concurrency, labels };
}
