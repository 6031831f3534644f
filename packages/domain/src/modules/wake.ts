import { encodeRestarted, message } from "@antiphon/protocol";
import { BACKLOG } from "antiphon/modules";
import type { DomainModule } from "../host/domain-host.js";

/** How often some are told, in milliseconds, and how many then: 1,000 a second. */
const EVERY_MS = 50;
const AT_ONCE = 50;

/**
 * A host that has started, or was cut off, tells the nodes that it knows: providers renew at once, and register again what it
 * does not know; callers ask again (docs/protocol.md, "Registering"). Not before the domain is its own.
 */
export const wake: DomainModule = ({ node, domain, nodes, callers, hearing, isAlone }) => {
	let waiting: string[] = [];
	node.onOnline(() => {
		waiting = [...new Set([...nodes.all(), ...callers.all()])];
	});
	node.every(EVERY_MS, () => {
		if (waiting.length === 0 || !isAlone() || node.backlog > BACKLOG.queries) return;
		for (const to of waiting.splice(0, AT_ONCE)) {
			node.send(message({ from: domain, to, type: "headline" }, encodeRestarted()));
		}
	});
	hearing.onSettled(() => {
		nodes.forgetLastTime();
		callers.forgetLastTime();
	});
};
