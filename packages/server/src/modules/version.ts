import { readFileSync } from "node:fs";
import { NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import type { ModuleHost } from "../host.js";

/** Software Version (XEP-0092). The operating system is nobody's business. */
export function version(host: ModuleHost): void {
	host.feature("server", NS.version);
	host.serve("server", "iq-get", { ns: NS.version, name: "query" }, (arrival) => {
		arrival.reply(
			xml(
				"query",
				NS.version,
				{},
				xml("name", NS.version, {}, "Antiphon embedded server"),
				xml("version", NS.version, {}, packageVersion()),
			),
		);
	});
}

let known: string | undefined;

function packageVersion(): string {
	if (known === undefined) {
		const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
		known = String((manifest as { version?: unknown }).version);
	}
	return known;
}
