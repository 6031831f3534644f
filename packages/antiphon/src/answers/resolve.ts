import { BusError, decodeResolve, encodeResolution, NS } from "@antiphon/protocol";
import { addressOf } from "../host/directory.js";
import type { NodeModule } from "../host/node-host.js";
import { handleQuery } from "../host/query.js";
import { existing } from "./existing.js";

/** In a domain that the node owns a service has one instance: this node (docs/protocol.md, "Finding instances"). */
export const resolve: NodeModule = (host) => {
	host.feature(NS.resolve);
	handleQuery(host, { ns: NS.resolve, name: "resolve" }, (incoming) => {
		const { watchMs } = decodeResolve(incoming.payload);
		const domain = host.ownedDomain;
		const subject = existing(host, incoming);
		if (domain === undefined || subject.kind !== "service")
			throw new BusError("invalid-argument", "ask the address of a service");
		const { service, admission } = subject.served;
		const { running, max: concurrency, isRefusing } = admission;
		const here = subject.served.instances().map((name) => ({
			name,
			jid: addressOf(domain, service.name, undefined, name),
			version: service.version,
			state: isRefusing ? ("draining" as const) : ("available" as const),
			running,
			concurrency,
			labels: {},
		}));
		// There is no other instance, so there will be nothing to tell.
		return encodeResolution({ service: service.name, known: true, watchMs, instances: here });
	});
};
