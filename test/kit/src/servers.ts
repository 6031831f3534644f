import { startEjabberd } from "./ejabberd.js";
import { startEmbedded } from "./embedded.js";
import { startProsody } from "./prosody.js";
import type { Requirement } from "./requirements.js";
import type { StartServer } from "./xmpp-server.js";

export interface ServerKind {
	readonly name: string;
	readonly start: StartServer;
	/** What has to be installed for it. */
	readonly needs: readonly Requirement[];
}

/** Every server that the suites and the benchmark run over. A new one is a line here. */
export const SERVERS = [
	{ name: "embedded", start: startEmbedded, needs: [] },
	{ name: "Prosody", start: startProsody, needs: ["prosody"] },
	{ name: "ejabberd", start: startEjabberd, needs: ["ejabberd"] },
] as const satisfies readonly ServerKind[];
