import { NS } from "@antiphon/protocol";
import type { NodeModule } from "../node-host.js";
import { existing } from "./existing.js";

/** XEP-0199: XMPP Ping */
export const ping: NodeModule = (host) => {
	host.feature(NS.ping);
	host.route("iq-get", NS.ping, "ping", ({ to }) => {
		existing(host, to);
		return undefined;
	});
};
