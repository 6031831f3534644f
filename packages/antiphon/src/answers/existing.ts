import type { Subject } from "../host/directory.js";
import type { Incoming, NodeHost } from "../host/node-host.js";

/**
 * What the address that was asked stands for. This is where policy decides what somebody is told: of a service of which
 * the asker may call nothing, and of a function that it may not call, nothing.
 * @throws BusError `not-found` when it is nothing here, `unavailable` when it is at other times; `forbidden`
 */
export function existing(
	host: NodeHost,
	{ from, to }: Pick<Incoming, "from" | "to">,
	node?: string,
	version?: string,
): Subject {
	const subject = host.directory.resolve(to, node, host.ownedDomain, version);
	if (subject === undefined) {
		const message = `there is nothing at ${to}${node === undefined ? "" : `, node ${node}`}`;
		throw host.directory.absence(node ?? to.local ?? "", from, message);
	}
	if (subject.kind === "node") return subject;
	const fn = subject.kind === "function" ? subject.fn : undefined;
	if (!subject.served.isVisibleTo(from, fn)) subject.served.deny(from, fn);
	return subject;
}
