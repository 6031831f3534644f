import { createHash } from "node:crypto";
import { connect } from "node:net";

export interface ComponentHandshake {
	readonly port: number;
	readonly domain: string;
	readonly secret: string;
	readonly limitMs?: number;
}

/**
 * Logs in as a component by hand (XEP-0114 section 3) and leaves again. Resolves with `accepted`, or `refused` when the
 * server answers with anything else or closes; rejects only after the limit.
 */
export function componentHandshake(options: ComponentHandshake): Promise<"accepted" | "refused"> {
	const { port, domain, secret, limitMs = 3000 } = options;
	return new Promise((resolve, reject) => {
		let received = "";
		let sent = false;
		const socket = connect({ port, host: "127.0.0.1" });
		const settle = (outcome: "accepted" | "refused") => {
			resolve(outcome);
			socket.destroy();
		};
		socket.setEncoding("utf8");
		socket.setTimeout(limitMs, () => {
			reject(new Error(`no answer to the handshake within ${limitMs} ms: ${received}`));
			socket.destroy();
		});
		socket.once("error", () => settle("refused"));
		socket.once("close", () => settle("refused"));
		socket.write(
			`<stream:stream to='${domain}' xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>`,
		);
		socket.on("data", (text: string) => {
			received = (received + text).slice(-16_384);
			const id = /<stream:stream [^>]*\bid=(['"])(.*?)\1/.exec(received)?.[2];
			if (/<handshake(?: [^>]*)?\/>|<handshake(?: [^>]*)?><\/handshake>/.test(received)) settle("accepted");
			else if (received.includes("<stream:error")) settle("refused");
			else if (id !== undefined && !sent) {
				sent = true;
				socket.write(
					`<handshake>${createHash("sha1")
						.update(id + secret)
						.digest("hex")}</handshake>`,
				);
			}
		});
	});
}
