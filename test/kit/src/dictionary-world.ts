import { accountEnvironment, type Environment } from "./antiphon-command.js";
import { startDictionary } from "./dictionary.js";
import { startEmbedded } from "./embedded.js";
import type { XmppServer, XmppServerOptions } from "./xmpp-server.js";

/** The embedded server and the dictionary at `fn.localhost`, each a process of its own. */
export interface DictionaryWorld {
	readonly server: XmppServer;
	/** With it, `antiphon` is the account `me`. */
	readonly env: Environment;
	stop(): Promise<void>;
}

/** Starts both, with the account `me` (password `pass:word`) and `fn.localhost` among what the options ask for. */
export async function startDictionaryWorld(options: XmppServerOptions = {}): Promise<DictionaryWorld> {
	const server = await startEmbedded({
		...options,
		users: { me: "pass:word", ...options.users },
		components: { "fn.localhost": "secret", ...options.components },
	});
	try {
		const service = await startDictionary(server, "fn.localhost");
		return {
			server,
			env: accountEnvironment(server, "me"),
			async stop() {
				await service.end();
				await server.stop();
			},
		};
	} catch (error) {
		await server.stop();
		throw error;
	}
}
