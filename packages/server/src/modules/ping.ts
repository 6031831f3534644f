import { NS } from "@antiphon/protocol";
import type { ModuleHost } from "../host/host.js";

/** XMPP Ping (XEP-0199): the server answers for itself and for accounts. */
export function ping(host: ModuleHost): void {
	for (const where of ["server", "account"] as const) {
		host.feature(where, NS.ping);
		host.serve(where, "iq-get", { ns: NS.ping, name: "ping" }, (arrival) => arrival.reply());
	}
}
