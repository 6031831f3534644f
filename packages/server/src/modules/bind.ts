import { NS } from "@antiphon/protocol";
import type { ModuleHost } from "../host/host.js";

/** Binding belongs to the login. A session has one resource, so a second binding is not allowed. */
export function bind(host: ModuleHost): void {
	for (const where of ["server", "account"] as const) {
		host.serve(where, "iq-set", { ns: NS.bind, name: "bind" }, (arrival) => {
			arrival.refuse({ type: "cancel", condition: "not-allowed", text: "a session has one resource" });
		});
	}
}
