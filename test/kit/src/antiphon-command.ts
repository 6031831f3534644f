import { fileURLToPath } from "node:url";
import { type Child, type Finished, runChild, startChild } from "./process.js";
import type { XmppServer } from "./xmpp-server.js";

/** The command's module: to be run with Node. */
export const COMMAND = fileURLToPath(new URL("../../../packages/cli/bin/antiphon.js", import.meta.url));
const LIMIT_MS = 20_000;

export type Environment = Readonly<Record<string, string>>;

/** Runs `antiphon …` to its end. */
export function antiphon(args: readonly string[], env: Environment = {}): Promise<Finished> {
	return runChild({ command: process.execPath, args: [COMMAND, ...args], env: inColourless(env), limitMs: LIMIT_MS });
}

/** Starts `antiphon …` and leaves it running. To be ended by the caller. */
export function startAntiphon(args: readonly string[], env: Environment = {}): Child {
	return startChild({ command: process.execPath, args: [COMMAND, ...args], env: inColourless(env) });
}

/** The variables for an account of a server. */
export function accountEnvironment(server: XmppServer, name: string): Environment {
	return {
		ANTIPHON_URL: `xmpp://${server.host}:${server.c2sPort}`,
		ANTIPHON_JID: `${name}@${server.domain}`,
		ANTIPHON_PASSWORD: server.users[name] ?? "",
		ANTIPHON_DOMAIN: "fn.localhost",
	};
}

/** The environment of the test, without what would send a process elsewhere, and with these variables. */
export function cleanEnvironment(env: Environment): Environment {
	const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("ANTIPHON_"));
	return { ...Object.fromEntries(kept), ...env } as Environment;
}

function inColourless(env: Environment): Environment {
	return cleanEnvironment({ NO_COLOR: "1", ...env });
}
