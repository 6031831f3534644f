import { openRawStream, type RawStream, rawStreamHeader } from "./raw-stream.js";

export interface PlainLogin {
	readonly port: number;
	readonly domain: string;
	readonly user: string;
	readonly password: string;
	readonly limitMs?: number;
}

/**
 * Tries SASL PLAIN in the clear by hand (RFC 4616, RFC 6120 section 6), whether or not it is offered. Resolves with the
 * server's verdict, `closed` if it ends the stream without one; rejects after the limit.
 */
export async function plainLogin(login: PlainLogin): Promise<"success" | "failure" | "closed"> {
	using stream = openRawStream({ port: login.port });
	return await authenticate(stream, login);
}

/**
 * Logs in as a client by hand and binds `resource`: a stream to write stanzas on. Rejects if the server does not let it.
 */
export async function openClient(login: PlainLogin & { readonly resource: string }): Promise<RawStream> {
	const { port, domain, resource, limitMs } = login;
	const stream = openRawStream({ port });
	try {
		const verdict = await authenticate(stream, login);
		if (verdict !== "success") throw new Error(`the login ended in ${verdict}: ${stream.received()}`);
		stream.write(rawStreamHeader("jabber:client", domain));
		const bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>";
		stream.write(`<iq type='set' id='bind'>${bind}<resource>${resource}</resource></bind></iq>`);
		if ((await stream.until(/<jid>[^<]*<\/jid>/, limitMs)) === undefined) throw new Error(stream.received());
		return stream;
	} catch (error) {
		stream[Symbol.dispose]();
		throw error;
	}
}

async function authenticate(stream: RawStream, login: PlainLogin): Promise<"success" | "failure" | "closed"> {
	const { domain, user, password, limitMs } = login;
	stream.write(rawStreamHeader("jabber:client", domain));
	if ((await stream.until(/<\/stream:features>/, limitMs)) === undefined) return "closed";
	const initial = Buffer.from(`\0${user}\0${password}`).toString("base64");
	stream.write(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`);
	const verdict = await stream.until(/<success|<failure|<stream:error/, limitMs);
	if (verdict?.[0] === "<success") return "success";
	return verdict?.[0] === "<failure" ? "failure" : "closed";
}
