import { NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import type { ModuleHost } from "../host/host.js";

/** Entity Time (XEP-0202), in UTC. */
export function time(host: ModuleHost): void {
	host.feature("server", NS.time);
	host.serve("server", "iq-get", { ns: NS.time, name: "time" }, (arrival) => {
		const utc = xml("utc", NS.time, {}, new Date().toISOString());
		arrival.reply(xml("time", NS.time, {}, xml("tzo", NS.time, {}, "+00:00"), utc));
	});
}
