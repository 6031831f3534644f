import { isIP, type Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { domainToASCII } from "node:url";
import { final, type LinkFailure, passing } from "../failure.js";

export interface TlsOptions {
	readonly ca: (string | Buffer)[] | undefined;
	/** The name that the certificate must bear. */
	readonly servername: string;
	/** Check the certificate. */
	readonly verify: boolean;
}

/** What is asked of a connection, by where it goes to. */
export interface TlsPolicy {
	/** Without TLS there is no login. */
	readonly required: boolean;
	/** STARTTLS is used where it is offered, though not demanded by the server. */
	readonly preferred: boolean;
	readonly verify: boolean;
}

/**
 * | where                          | without TLS | STARTTLS offered             | certificate  |
 * | ------------------------------ | ----------- | ---------------------------- | ------------ |
 * | off loopback, or with `ca`     | refused     | used                         | verified     |
 * | loopback                       | fine        | used if the server demands it| not verified |
 * | off loopback, `insecure: true` | fine        | used                         | not verified |
 *
 * TLS from the first byte (`xmpps:`) is always verified, unless `insecure: true`.
 */
export function tlsPolicy(where: { loopback: boolean; insecure: boolean; hasCa: boolean }): TlsPolicy {
	if (where.insecure) return { required: false, preferred: !where.loopback, verify: false };
	if (where.loopback && !where.hasCa) return { required: false, preferred: false, verify: false };
	return { required: true, preferred: true, verify: true };
}

/**
 * Turns a connected socket into a TLS one. The server's name goes along (SNI) and is checked (RFC 6125).
 * @throws LinkFailure, final when it is the certificate. The socket is destroyed then
 */
export function startTls(socket: Socket, options: TlsOptions, signal: AbortSignal): Promise<TLSSocket> {
	const name = isIP(options.servername) === 0 ? domainToASCII(options.servername) : options.servername;
	return new Promise((resolve, reject) => {
		const tlsSocket = connect({
			socket,
			host: name,
			// An IP address cannot be a server name (RFC 6066 section 3); `host` is what the certificate is checked against.
			...(isIP(name) === 0 && { servername: name }),
			...(options.ca !== undefined && { ca: options.ca }),
			rejectUnauthorized: options.verify,
			minVersion: "TLSv1.2",
		});
		// Stays: between two owners of the socket an error must not go unheard, or Node ends the process.
		tlsSocket.on("error", () => {});
		const stop = (failure: LinkFailure) => {
			cleanUp();
			tlsSocket.destroy();
			socket.destroy();
			reject(failure);
		};
		const onError = (error: Error) => stop(tlsFailure(tlsSocket, error, options.servername));
		const onClose = () => stop(passing("link-lost", "the server closed the connection during the TLS handshake"));
		const onAbort = () => stop(passing("cancelled", "given up during the TLS handshake"));
		const onSecure = () => {
			cleanUp();
			resolve(tlsSocket);
		};
		const cleanUp = () => {
			tlsSocket.off("error", onError).off("close", onClose).off("secureConnect", onSecure);
			signal.removeEventListener("abort", onAbort);
		};
		tlsSocket.on("error", onError).on("close", onClose).on("secureConnect", onSecure);
		signal.addEventListener("abort", onAbort);
		if (signal.aborted) onAbort();
	});
}

function tlsFailure(socket: TLSSocket, error: Error, servername: string): LinkFailure {
	// Set by Node when, and only when, it is the certificate that was refused.
	const refused: unknown = socket.authorizationError;
	if (refused) {
		return final(
			"forbidden",
			`the server's certificate is not valid for ${servername}: ${error.message}. ${adviceFor(error)}`,
			error,
		);
	}
	if ((error as NodeJS.ErrnoException).code === "ERR_SSL_TLSV1_UNRECOGNIZED_NAME") {
		return final(
			"forbidden",
			`the server has no certificate for ${servername}. Check the domain, or servername`,
			error,
		);
	}
	return passing("link-lost", `the TLS handshake failed: ${reasonOf(error)}`, error);
}

function adviceFor(refusal: NodeJS.ErrnoException): string {
	switch (refusal.code) {
		case "ERR_TLS_CERT_ALTNAME_INVALID":
			return "Check the domain, or give the name that it bears as servername";
		case "CERT_HAS_EXPIRED":
		case "CERT_NOT_YET_VALID":
			return "The server needs another one, unless the clock here is wrong";
		default:
			return "Give the authority that signed it as ca";
	}
}

/** Without the addresses and source files that OpenSSL's messages have around the reason. */
function reasonOf(error: Error & { readonly reason?: unknown }): string {
	return typeof error.reason === "string" ? error.reason : error.message;
}
