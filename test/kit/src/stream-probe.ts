import { connect } from "node:net";

export interface StreamProbe {
	readonly port: number;
	readonly namespace: "jabber:client" | "jabber:component:accept";
	/** The domain asked for. */
	readonly to: string;
	readonly limitMs?: number;
}

const MAX_ANSWER = 16_384;

/**
 * Opens an XMPP stream (RFC 6120 section 4.2, XEP-0114) on 127.0.0.1 by hand and closes it again. Resolves with the
 * start tag `<stream:stream …>` of the answer, or undefined when nothing speaks XMPP there within the limit.
 */
export function probeStream({ port, namespace, to, limitMs = 1000 }: StreamProbe): Promise<string | undefined> {
	return new Promise((resolve) => {
		let answer = "";
		const socket = connect({ port, host: "127.0.0.1" });
		const settle = (header?: string) => {
			socket.destroy();
			resolve(header);
		};
		socket.setEncoding("utf8");
		socket.setTimeout(limitMs, () => settle());
		socket.once("error", () => settle());
		socket.once("close", () => settle());
		socket.once("connect", () => {
			const version = namespace === "jabber:client" ? " version='1.0'" : "";
			socket.write(
				`<stream:stream to='${to}' xmlns='${namespace}' xmlns:stream='http://etherx.jabber.org/streams'${version}>`,
			);
		});
		socket.on("data", (text: string) => {
			answer += text;
			const header = /<stream:stream [^>]*>/.exec(answer)?.[0];
			if (header === undefined) {
				if (answer.length > MAX_ANSWER) settle();
				return;
			}
			socket.end("</stream:stream>", () => settle(header));
		});
	});
}
