import { fileURLToPath } from "node:url";
import { startChild, type XmppServer } from "#kit";

const MODULE = fileURLToPath(new URL("../../services/dictionary/dist/main.js", import.meta.url));
const READY_LIMIT_MS = 20_000;

/**
 * Starts the dictionary service in a process of its own, as the component of one of the server's domains. Resolves when
 * it serves; rejects with what it said when it ends instead.
 */
export async function startDictionary(server: XmppServer, domain: string): Promise<AsyncDisposable> {
	const child = startChild({
		command: process.execPath,
		args: [MODULE],
		env: {
			...process.env,
			ANTIPHON_URL: `xmpp://${server.host}:${server.componentPort}`,
			ANTIPHON_COMPONENT: domain,
			ANTIPHON_SECRET: server.components[domain] ?? "",
			ANTIPHON_JID: undefined,
		},
	});
	const stop = async () => void (await child.end());
	try {
		await child.waitUntil("the dictionary's first line", () => child.stdout().includes("\n"), READY_LIMIT_MS);
	} catch (error) {
		await stop();
		throw error;
	}
	return { [Symbol.asyncDispose]: stop };
}
