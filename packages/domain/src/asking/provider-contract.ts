import { fingerprint as fingerprintOf, type ServiceDescription, untyped } from "@antiphon/contract";
import { BusError, type Jid, type Registration } from "@antiphon/protocol";
import { fetchContract } from "antiphon";
import { contractTooLarge, whyNotShown } from "antiphon/modules";
import type { DomainHost } from "../host/domain-host.js";
import type { Asking } from "./asking.js";

/** The contract that goes with a registration: the one that is known, or what the provider says. @throws BusError */
export async function contractOf(
	host: DomainHost,
	asking: Asking,
	registration: Registration,
	from: Jid,
): Promise<ServiceDescription> {
	const { service, version, fingerprint } = registration;
	const known = host.registry.contracts.require(registration, fingerprint);
	if (known !== undefined) return known;
	const ask = async (signal: AbortSignal) => {
		const description = await contractAt(host, from, registration, signal);
		const isIt = description.service === service && description.version === version;
		// What it says of its own fingerprint is not believed.
		if (isIt && fingerprintOf(description) === fingerprint) return showable(host, { ...description, fingerprint });
		const message = `the contract that ${from} sent is not that of ${service} ${version} (${fingerprint})`;
		throw new BusError("invalid-argument", message);
	};
	return asking.once(`${service} ${version} ${fingerprint} ${from.bare()}`, ask, from);
}

/**
 * The same, if its functions can have addresses and callers can be sent it.
 * @throws BusError `too-large`, `invalid-argument` with what is in the way
 */
function showable({ node }: DomainHost, description: ServiceDescription): ServiceDescription {
	const refusal = whyNotShown(description, node.maxStanzaBytes);
	if (refusal !== undefined) throw refusal;
	try {
		untyped(description);
		return description;
	} catch (cause) {
		const { service, version } = description;
		const message = `the contract of ${service} ${version} cannot be listed: ${(cause as Error).message}`;
		throw new BusError("invalid-argument", message, { cause });
	}
}

/** @throws BusError; a contract that cannot be read is the fault of who wants to register it */
async function contractAt(host: DomainHost, from: Jid, { service, version }: Registration, signal: AbortSignal) {
	const { node, limits } = host;
	try {
		const timeoutMs = limits.askTimeoutMs;
		return await fetchContract(node, from.toString(), { service, version, timeoutMs, signal });
	} catch (thrown) {
		const error = BusError.from(thrown);
		if (error.code === "protocol") throw new BusError("invalid-argument", error.message, { cause: error });
		throw error.code === "too-large" ? contractTooLarge({ service, version }, error.message, error) : error;
	}
}
