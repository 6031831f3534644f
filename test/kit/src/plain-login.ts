import { connect } from "node:net";

export interface PlainLogin {
	readonly port: number;
	readonly domain: string;
	readonly user: string;
	readonly password: string;
	readonly limitMs?: number;
}

/**
 * Tries SASL PLAIN in the clear by hand (RFC 4616, RFC 6120 section 6) whether or not it is offered. Resolves with the
 * server's verdict, `closed` if it closes or ends the stream without one; rejects after the limit.
 */
export function plainLogin(options: PlainLogin): Promise<"success" | "failure" | "closed"> {
	const { port, domain, user, password, limitMs = 10_000 } = options;
	return new Promise((resolve, reject) => {
		let received = "";
		let sent = false;
		const socket = connect({ port, host: "127.0.0.1" });
		const settle = (verdict: "success" | "failure" | "closed") => {
			resolve(verdict);
			socket.destroy();
		};
		socket.setEncoding("utf8");
		socket.setTimeout(limitMs, () => {
			reject(new Error(`no verdict on the login within ${limitMs} ms: ${received}`));
			socket.destroy();
		});
		socket.once("error", () => settle("closed"));
		socket.once("close", () => settle("closed"));
		socket.write(
			`<stream:stream to='${domain}' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`,
		);
		socket.on("data", (text: string) => {
			received = (received + text).slice(-16_384);
			if (received.includes("<success")) settle("success");
			else if (received.includes("<failure")) settle("failure");
			else if (received.includes("<stream:error")) settle("closed");
			else if (!sent && received.includes("</stream:features>")) {
				sent = true;
				const initial = Buffer.from(`\0${user}\0${password}`).toString("base64");
				socket.write(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`);
			}
		});
	});
}
