import { BusError, type Jid } from "@antiphon/protocol";
import type { Subject } from "../directory.js";
import type { NodeHost } from "../node-host.js";

/** What an address stands for. @throws BusError `not-found` when it is nothing here */
export function existing(host: NodeHost, to: Jid, node?: string, version?: string): Subject {
	const subject = host.directory.resolve(to, node, host.ownedDomain, version);
	if (subject === undefined)
		throw new BusError("not-found", `there is nothing at ${to}${node === undefined ? "" : `, node ${node}`}`);
	return subject;
}
