import { NS } from "@antiphon/protocol";
import type { Resolver } from "../calling/resolver.js";
import type { NodeModule } from "../host/node-host.js";

/** Takes what domains tell of changes (docs/protocol.md, "Finding instances"). */
export function instancesTold(resolver: Resolver): NodeModule {
	return (host) => {
		host.handle("message", { ns: NS.resolve, name: "instances" }, ({ from, payload }) => resolver.take(from, payload));
	};
}
