import { NS } from "@antiphon/protocol";
import type { Resolver } from "../calling/resolver.js";
import type { NodeModule } from "../host/node-host.js";
import type { Serving } from "./serving.js";

/** Takes from domains that their host has started (docs/protocol.md, "Registering"). */
export function restarted(serving: Serving, resolver: Resolver): NodeModule {
	return (host) => {
		host.handle("message", { ns: NS.registry, name: "restarted" }, ({ from }) => {
			serving.renew(from);
			resolver.restarted(from);
		});
	};
}
