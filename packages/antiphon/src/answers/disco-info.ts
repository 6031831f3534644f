import { type DiscoInfo, encodeDiscoInfo, type Identity, NS } from "@antiphon/protocol";
import { formOf, type Subject } from "../directory.js";
import type { NodeHost, NodeModule } from "../node-host.js";
import { handleQuery } from "../query.js";
import { existing } from "./existing.js";

/** XEP-0030 disco#info: a node, its services and functions, the contract as a form (XEP-0128). */
export const discoInfo: NodeModule = (host) => {
	host.feature(NS.discoInfo);
	handleQuery(host, { ns: NS.discoInfo, name: "query" }, ({ payload, to }) => {
		const node = payload.attr("node");
		return encodeDiscoInfo(infoOf(host, existing(host, to, node)), node);
	});
};

function infoOf(host: NodeHost, subject: Subject): DiscoInfo {
	return {
		identities: [identityOf(host, subject)],
		features: subject.kind === "node" ? host.features : [...host.features, NS.contract],
		forms: subject.kind === "node" ? [] : [formOf(subject)],
	};
}

function identityOf(host: NodeHost, subject: Subject): Identity {
	switch (subject.kind) {
		case "node":
			return host.ownedDomain === undefined
				? { category: "client", type: "bot", name: host.software.name }
				: { category: "component", type: "generic", name: host.software.name };
		case "service": {
			const { name, version } = subject.served.service;
			return { category: "automation", type: "rpc", name: `${name} ${version}` };
		}
		case "function": {
			const { service, description } = subject.served;
			const summary = description.functions[subject.fn]?.summary;
			return { category: "automation", type: "rpc", name: summary ?? `${service.name}.${subject.fn}` };
		}
	}
}
