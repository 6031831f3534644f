import { BusError, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import type { Subject } from "../host/directory.js";
import { handleGet } from "../host/handle-iq.js";
import type { Incoming, NodeHost, NodeModule } from "../host/node-host.js";
import { existing } from "./existing.js";

/**
 * XEP-0012: Last Activity. What the seconds mean depends on the form of the address:
 *
 * | address                                 | seconds                                                       |
 * | --------------------------------------- | ------------------------------------------------------------- |
 * | a domain (section 5)                    | how long it has been up                                       |
 * | a service or function (section 3)       | 0: it is here. One that is not here is nothing that can answer |
 * | an instance, a node's own (section 4)   | since a call ran there; 0 while one does                      |
 */
export const lastActivity: NodeModule = (host) => {
	host.feature(NS.lastActivity);
	const startedMs = host.now();
	handleGet(host, { ns: NS.lastActivity, name: "query" }, (incoming) => {
		const upMs = host.now() - startedMs;
		const idleMs = idleAt(host, existing(host, incoming), incoming, upMs);
		return xml("query", NS.lastActivity, { seconds: String(Math.floor(idleMs / 1_000)) });
	});
};

function idleAt({ directory }: NodeHost, subject: Subject, { to }: Incoming, upMs: number): number {
	if (subject.kind === "node") {
		if (to.local === undefined) return upMs;
		return Math.min(upMs, ...directory.services().map(({ idleMs }) => idleMs ?? upMs));
	}
	if (to.resource === undefined) return 0;
	const { idleMs } = subject.served;
	if (idleMs !== undefined) return idleMs;
	throw new BusError("unimplemented", `ask the instance itself: what ${to} does is known to it alone`);
}
