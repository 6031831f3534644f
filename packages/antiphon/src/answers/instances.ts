import { NS } from "@antiphon/protocol";
import type { NodeModule } from "../node-host.js";
import type { Resolver } from "../resolver.js";

/** Takes what domains tell of changes (docs/protocol.md, "Finding instances"). */
export function instancesTold(resolver: Resolver): NodeModule {
	return (host) => {
		host.handle("message", { ns: NS.resolve, name: "instances" }, ({ from, payload }) => resolver.take(from, payload));
	};
}
