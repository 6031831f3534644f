import { NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { handleGet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import { existing } from "./existing.js";

/** XEP-0202: Entity Time. In UTC: where a machine stands is nobody's business. */
export const time: NodeModule = (host) => {
	host.feature(NS.time);
	handleGet(host, { ns: NS.time, name: "time" }, (incoming) => {
		existing(host, incoming);
		const now = new Date().toISOString();
		return xml("time", NS.time, {}, xml("tzo", NS.time, {}, "+00:00"), xml("utc", NS.time, {}, now));
	});
};
