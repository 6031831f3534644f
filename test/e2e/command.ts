import { fileURLToPath } from "node:url";
import { type Child, type Finished, runChild, startChild, type XmppServer } from "#kit";

const COMMAND = fileURLToPath(new URL("../../packages/cli/bin/antiphon.js", import.meta.url));
const LIMIT_MS = 20_000;

export type Environment = Readonly<Record<string, string>>;

/** Runs `antiphon …` to its end. */
export function antiphon(args: readonly string[], env: Environment = {}): Promise<Finished> {
	return runChild({ command: process.execPath, args: [COMMAND, ...args], env: clean(env), limitMs: LIMIT_MS });
}

/** Starts `antiphon …` and leaves it running. */
export function startAntiphon(args: readonly string[], env: Environment = {}): Child {
	return startChild({ command: process.execPath, args: [COMMAND, ...args], env: clean(env) });
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

/** The environment of the test, without what would send the command elsewhere. */
function clean(env: Environment): Record<string, string> {
	const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("ANTIPHON_"));
	return { ...Object.fromEntries(kept), NO_COLOR: "1", ...env } as Record<string, string>;
}
