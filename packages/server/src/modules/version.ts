import { NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import type { ModuleHost } from "../host/host.js";
import { SOFTWARE } from "../software.js";

/** Software Version (XEP-0092). The operating system is nobody's business. */
export function version(host: ModuleHost): void {
	host.feature("server", NS.version);
	host.serve("server", "iq-get", { ns: NS.version, name: "query" }, (arrival) => {
		arrival.reply(
			xml(
				"query",
				NS.version,
				{},
				xml("name", NS.version, {}, SOFTWARE.name),
				xml("version", NS.version, {}, SOFTWARE.version),
			),
		);
	});
}
