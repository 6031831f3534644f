import { majorOf, type ServiceDescription } from "@antiphon/contract";
import { BusError } from "@antiphon/protocol";
import { ForwardedService } from "../forwarding/forwarded-service.js";
import type { DomainHost, DomainModule } from "../host/domain-host.js";

interface Listed {
	readonly forwarded: ForwardedService;
	readonly remove: () => void;
}

/**
 * What is registered gets its JIDs: it stands in the node's directory, where ping, version, disco and the contract find
 * it, and calls to it are passed on to its providers.
 */
export const forwarded: DomainModule = (host) => {
	/** By service and major version. */
	const listed = new Map<string, Map<number, Listed>>();
	host.onChange((service) => {
		const majors = listed.get(service) ?? new Map<number, Listed>();
		listed.set(service, majors);
		const descriptions = new Map(
			host.registry.contracts.newest(service).map((description) => [majorOf(description.version), description]),
		);
		for (const [major, { forwarded, remove }] of [...majors]) {
			if (descriptions.get(major) === forwarded.description) continue;
			remove();
			majors.delete(major);
		}
		for (const [major, description] of descriptions) {
			const known = majors.get(major) ?? list(host, description);
			if (known === undefined) continue;
			majors.set(major, known);
			known.forwarded.update(host.registry.instances(service).filter(({ version }) => majorOf(version) === major));
		}
		if (majors.size === 0) listed.delete(service);
	});
};

function list(host: DomainHost, description: ServiceDescription): Listed | undefined {
	try {
		const forwarded = new ForwardedService(host, description);
		return { forwarded, remove: host.node.directory.add(forwarded) };
	} catch (error) {
		host.node.log.error(`${description.service} cannot be listed: ${BusError.from(error).message}`);
		return undefined;
	}
}
