import {
	BusError,
	type DrainOutcome,
	type DrainRequest,
	decodeDrain,
	encodeDrain,
	encodeDrained,
	MAX_DRAINED,
	NS,
} from "@antiphon/protocol";
import { handleSet } from "antiphon/modules";
import { askInstances } from "../asking/ask-instances.js";
import { requireAdmin } from "../host/administrators.js";
import type { DomainHost, DomainModule } from "../host/domain-host.js";
import type { Instance } from "../registry/registry.js";

/** Administrators have instances drained, which their providers do (docs/protocol.md, "Operating a domain"). */
export const drain: DomainModule = (host) => {
	handleSet(host.node, { ns: NS.stats, name: "drain" }, async ({ payload, from }) => {
		requireAdmin(host, from, "drain instances");
		const instances = named(host, decodeDrain(payload));
		const outcomes: DrainOutcome[] = [];
		await askInstances(host, instances, {
			type: "set",
			payload: ({ service, instance }) => encodeDrain({ service, instance }),
			onAnswer: ({ service, instance }) => {
				host.node.log.info(`${service}/${instance} drains: ${from.bare()} asked for it`);
				outcomes.push({ service, instance, failure: undefined });
			},
			onFailure: ({ service, instance }, { code, message }) =>
				void outcomes.push({ service, instance, failure: { code, message } }),
		});
		return encodeDrained(outcomes.sort((a, b) => (a.service < b.service ? -1 : 1)));
	});
};

/** @throws BusError `not-found`, `too-large` */
function named({ registry }: DomainHost, { service, instance }: DrainRequest): Instance[] {
	const services = service === undefined ? registry.services() : [service];
	const found = services.flatMap((each) => registry.find({ service: each, instance }) ?? []);
	if (found.length === 0) {
		const of = service === undefined ? "" : ` of ${service}`;
		throw new BusError("not-found", `no instance ${instance}${of} is registered`);
	}
	if (found.length <= MAX_DRAINED) return found;
	throw new BusError("too-large", `${instance} serves ${found.length} services, more than ${MAX_DRAINED}: name them`);
}
