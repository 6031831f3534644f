import { createHash } from "node:crypto";
import { openRawStream, type RawStream, rawStreamHeader } from "./raw-stream.js";

export interface ComponentLogin {
	readonly port: number;
	readonly domain: string;
	readonly secret: string;
	readonly limitMs?: number;
}

/**
 * Logs in as a component by hand (XEP-0114 section 3). Resolves with the stream, or undefined when the server refuses;
 * rejects after the limit.
 */
export async function openComponent({ port, domain, secret, limitMs }: ComponentLogin): Promise<RawStream | undefined> {
	const stream = openRawStream({ port });
	try {
		stream.write(rawStreamHeader("jabber:component:accept", domain));
		const id = (await stream.until(/<stream:stream [^>]*\bid=(['"])(.*?)\1/, limitMs))?.[2];
		stream.write(`<handshake>${createHash("sha1").update(`${id}${secret}`).digest("hex")}</handshake>`);
		const verdict = await stream.until(/<handshake[ />]|<stream:error/, limitMs);
		if (verdict !== undefined && verdict[0] !== "<stream:error") return stream;
	} catch (error) {
		stream[Symbol.dispose]();
		throw error;
	}
	stream[Symbol.dispose]();
	return undefined;
}

/** Logs in as a component and leaves again. */
export async function componentHandshake(login: ComponentLogin): Promise<"accepted" | "refused"> {
	using stream = await openComponent(login);
	return stream === undefined ? "refused" : "accepted";
}
