import { majorOf, type ServiceDescription } from "@antiphon/contract";
import { BusError } from "@antiphon/protocol";
import { Admission } from "antiphon/modules";
import { ForwardedService } from "../forwarding/forwarded-service.js";
import { Leaving } from "../forwarding/leaving.js";
import type { DomainHost, DomainModule } from "../host/domain-host.js";

/** How often what is no longer listed and no longer waited for is cleared away, in milliseconds. */
const CLEAR_MS = 5_000;

interface Listed {
	readonly description: ServiceDescription;
	/** `undefined` for what could not be listed: that is said once, and not tried again. */
	readonly forwarded: ForwardedService | undefined;
	readonly remove: () => void;
}

/**
 * What is registered gets its JIDs: it stands in the node's directory, where ping, version, disco and the contract find
 * it, and calls to it are passed on to its providers. A change costs the number of major versions, which is bounded;
 * who the providers are is looked up when a call comes.
 */
export const forwarded: DomainModule = (host) => {
	const { maxCallsPerService, maxCallsPerCaller } = host.limits;
	const { node, registry, owners, policy } = host;
	node.directory.knowAlso(
		(service, asker) => (registry.has(service) || owners.has(service)) && policy.maySee(asker, service),
	);
	/** By service and major version. */
	const listed = new Map<string, Map<number, Listed>>();
	/** By service: what of it is passed on. */
	const admissions = new Map<string, Admission>();
	const leaving = new Leaving();
	host.onChange((service) => {
		const admission =
			admissions.get(service) ?? new Admission(`${service}@${host.domain}`, maxCallsPerService, maxCallsPerCaller);
		admissions.set(service, admission);
		const majors = listed.get(service) ?? new Map<number, Listed>();
		listed.set(service, majors);
		const descriptions = new Map(
			host.registry.contracts.newest(service).map((description) => [majorOf(description.version), description]),
		);
		for (const [major, { description, forwarded, remove }] of [...majors]) {
			if (descriptions.get(major) === description) continue;
			remove();
			majors.delete(major);
			if (forwarded !== undefined) leaving.add(service, forwarded);
		}
		for (const [major, description] of descriptions) {
			const known = majors.get(major) ?? list(host, description, admission);
			majors.set(major, known);
			known.forwarded?.changed();
		}
		leaving.tell(service);
		if (majors.size > 0) return;
		listed.delete(service);
		admissions.delete(service);
	});
	// Their contracts may be large. Calls do not wait for ever, whether or not the service changes again.
	host.node.every(CLEAR_MS, () => leaving.tellAll());
};

function list(host: DomainHost, description: ServiceDescription, admission: Admission): Listed {
	try {
		const forwarded = new ForwardedService(host, description, admission);
		return { description, forwarded, remove: host.node.directory.add(forwarded) };
	} catch (error) {
		host.node.log.error(`${description.service} cannot be listed: ${BusError.from(error).message}`);
		return { description, forwarded: undefined, remove: () => {} };
	}
}
