import { fileURLToPath } from "node:url";
import { accountEnvironment, cleanEnvironment, type Environment } from "./antiphon-command.js";
import { type Child, startChild } from "./process.js";
import type { XmppServer } from "./xmpp-server.js";

const MODULE = fileURLToPath(new URL("../../../services/dictionary/dist/main.js", import.meta.url));
const READY_LIMIT_MS = 20_000;

/**
 * Starts the dictionary service in a process of its own, as the component of one of the server's domains. Resolves when
 * it serves; rejects with what it said when it ends instead. To be ended by the caller.
 */
export function startDictionary(server: XmppServer, domain: string): Promise<Child> {
	return start({
		ANTIPHON_URL: `xmpp://${server.host}:${server.componentPort}`,
		ANTIPHON_COMPONENT: domain,
		ANTIPHON_SECRET: server.components[domain] ?? "",
	});
}

/** The same on one of the server's accounts, registered with a domain host. */
export function startRegisteredDictionary(server: XmppServer, account: string, domain: string): Promise<Child> {
	return start({ ...accountEnvironment(server, account), ANTIPHON_DOMAIN: domain });
}

async function start(env: Environment): Promise<Child> {
	const child = startChild({ command: process.execPath, args: [MODULE], env: cleanEnvironment(env) });
	try {
		await child.waitUntil("the dictionary", () => child.stdout().includes("serving dictionary"), READY_LIMIT_MS);
	} catch (error) {
		await child.end();
		throw error;
	}
	return child;
}
