import type { ServiceDescription } from "@antiphon/contract";
import { BusError, NS } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { contractAnswer } from "../host/contract-answer.js";
import { handleGet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import { existing } from "./existing.js";

/**
 * The whole contract with its JSON Schemas, as JSON text (docs/protocol.md, "The contract"). Asked of a service or
 * function; at a node's own address the attribute `service` names it. Of several major versions `v` says which; without it
 * the newest is meant. That there are several is told in `versions`.
 */
export const contract: NodeModule = (host) => {
	/** Made once, since a contract may be large and everybody may ask for it. */
	const made = new WeakMap<ServiceDescription, Element>();
	const answerFor = (description: ServiceDescription): Element => {
		const known = made.get(description);
		if (known !== undefined) return known;
		const answer = contractAnswer(description);
		made.set(description, answer);
		return answer;
	};
	handleGet(host, { ns: NS.contract, name: "contract" }, (incoming) => {
		const subject = existing(host, incoming, incoming.payload.attr("service"), incoming.payload.attr("v"));
		if (subject.kind === "node") {
			throw new BusError("invalid-argument", "this address is a node: name the service in the attribute service");
		}
		const { description } = subject.served;
		const versions = host.directory.majors(description.service).map(({ description }) => description.version);
		const answer = answerFor(description);
		return versions.length > 1 ? answer.with({ versions: versions.join(" ") }) : answer;
	});
};
