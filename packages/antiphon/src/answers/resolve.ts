import { BusError, decodeResolve, encodeResolution, type Instance, NS } from "@antiphon/protocol";
import { addressOf, type ServedService } from "../host/directory.js";
import { handleGet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import { existing } from "./existing.js";

/** In a domain that the node owns a service has one instance of each major version: this node (docs/protocol.md, "Finding instances"). */
export const resolve: NodeModule = (host) => {
	host.feature(NS.resolve);
	handleGet(host, { ns: NS.resolve, name: "resolve" }, (incoming) => {
		const { watchMs } = decodeResolve(incoming.payload);
		const domain = host.ownedDomain;
		const subject = existing(host, incoming);
		if (domain === undefined || subject.kind !== "service")
			throw new BusError("invalid-argument", "ask the address of a service");
		const { name } = subject.served.service;
		const { resource } = incoming.to;
		const here = host.directory.majors(name).flatMap((served) => linesOf(served, domain));
		const meant = resource === undefined ? here : here.filter((each) => each.name === resource);
		// There are no others, so there will be nothing to tell.
		return encodeResolution({ service: name, known: true, watchMs, instances: meant });
	});
};

function linesOf(served: ServedService, domain: string): Instance[] {
	const { service, admission } = served;
	const { running, max: concurrency, isRefusing } = admission;
	return served.instances().map((name) => ({
		name,
		jid: addressOf(domain, service.name, undefined, name),
		version: service.version,
		state: isRefusing ? "draining" : "available",
		running,
		concurrency,
		labels: {},
	}));
}
