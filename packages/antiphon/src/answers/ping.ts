import { NS } from "@antiphon/protocol";
import type { NodeModule } from "../host/node-host.js";
import { handleQuery } from "../host/query.js";
import { existing } from "./existing.js";

/** XEP-0199: XMPP Ping */
export const ping: NodeModule = (host) => {
	host.feature(NS.ping);
	handleQuery(host, { ns: NS.ping, name: "ping" }, (incoming) => {
		existing(host, incoming);
		return undefined;
	});
};
