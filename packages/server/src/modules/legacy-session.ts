import { NS } from "@antiphon/protocol";
import type { ModuleHost } from "../host/host.js";

/** Session establishment (RFC 3921, section 3), which does nothing any more but which old clients still ask for. */
export function legacySession(host: ModuleHost): void {
	for (const where of ["server", "account"] as const) {
		host.serve(where, "iq-set", { ns: NS.session, name: "session" }, (arrival) => arrival.reply());
	}
}
