import { NS } from "@antiphon/protocol";
import { handleGet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import { existing } from "./existing.js";

/** XEP-0199: XMPP Ping */
export const ping: NodeModule = (host) => {
	host.feature(NS.ping);
	handleGet(host, { ns: NS.ping, name: "ping" }, (incoming) => {
		existing(host, incoming);
		return undefined;
	});
};
