import type { Log } from "@antiphon/protocol";
import type { ServerOptions } from "../options.js";
import { type EmbeddedServer, startServer } from "../server.js";

/** A server on free ports with the accounts a, b and c (password: pw), and the component fn.localhost (s3cret). */
export function startTestServer(options: ServerOptions = {}): Promise<EmbeddedServer> {
	return startServer({
		port: 0,
		componentPort: 0,
		users: { a: "pw", b: "pw", c: "pw" },
		components: { "fn.localhost": "s3cret", "other.localhost": "0ther" },
		...options,
	});
}

/** A log that keeps its lines. */
export function recordingLog(): Log & { readonly lines: string[] } {
	const lines: string[] = [];
	const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
	return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Resolves once `check` holds; fails after 8 s. */
export async function eventually(check: () => boolean, what: string): Promise<void> {
	const end = Date.now() + 8000;
	while (!check()) {
		if (Date.now() > end) throw new Error(`never came about: ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
