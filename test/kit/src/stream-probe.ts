import { openRawStream, rawStreamHeader } from "./raw-stream.js";

export interface StreamProbe {
	readonly port: number;
	readonly namespace: "jabber:client" | "jabber:component:accept";
	/** The domain asked for. */
	readonly to: string;
	readonly limitMs?: number;
}

/**
 * Opens an XMPP stream on 127.0.0.1 and closes it again. Resolves with the start tag `<stream:stream …>` of the answer,
 * or undefined when nothing speaks XMPP there within the limit.
 */
export async function probeStream({ port, namespace, to, limitMs = 1000 }: StreamProbe): Promise<string | undefined> {
	using stream = openRawStream({ port });
	stream.write(rawStreamHeader(namespace, to));
	try {
		const header = await stream.until(/<stream:stream [^>]*>/, limitMs);
		await new Promise<void>((resolve) => {
			stream.socket.end("</stream:stream>", resolve);
			stream.socket.once("close", () => resolve());
		});
		return header?.[0];
	} catch {
		return undefined; // mute
	}
}
