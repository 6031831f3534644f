import { NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { handleGet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import { existing } from "./existing.js";

/** XEP-0092: Software Version. A function answers with the version of its contract. */
export const version: NodeModule = (host) => {
	host.feature(NS.version);
	handleGet(host, { ns: NS.version, name: "query" }, (incoming) => {
		const subject = existing(host, incoming);
		const { name, version } = subject.kind === "node" ? host.software : subject.served.service;
		const text = (tag: string, value: string) => xml(tag, NS.version, {}, value);
		return xml("query", NS.version, {}, text("name", name), text("version", version));
	});
};
