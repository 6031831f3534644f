import { BusError, encodePayload, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import type { NodeModule } from "../node-host.js";
import { handleQuery } from "../query.js";
import { existing } from "./existing.js";

/**
 * The whole contract with its JSON Schemas, as JSON text (docs/protocol.md, "The contract"). Asked of a service or
 * function; at a node's own address the attribute `service` names it.
 */
export const contract: NodeModule = (host) => {
	handleQuery(host, { ns: NS.contract, name: "contract" }, ({ payload, to }) => {
		const subject = existing(host, to, payload.attr("service"));
		if (subject.kind === "node") {
			throw new BusError("invalid-argument", "this address is a node: name the service in the attribute service");
		}
		const { description } = subject.served;
		const attributes = { service: description.service, fingerprint: description.fingerprint, enc: "json" };
		return xml("contract", NS.contract, attributes, encodePayload("json", description));
	});
};
