import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** SCRAM (RFC 5802, RFC 7677), both sides, without channel binding: messages in, messages out, no I/O. */

export const SCRAM_MECHANISMS = ["SCRAM-SHA-256", "SCRAM-SHA-1"] as const;
export type ScramMechanism = (typeof SCRAM_MECHANISMS)[number];

/** RFC 5802 asks for 4096 at least; RFC 7677 for 4096 with SHA-256. */
const MIN_ITERATIONS = 4096;
/** Above this a hostile server could keep a client computing for seconds. */
const MAX_ITERATIONS = 1_000_000;
const MAX_MESSAGE_CHARS = 4096;
const GS2_HEADER = "n,,";

export class ScramError extends Error {
	override readonly name = "ScramError";
}

/** What a server keeps of a password. */
export interface ScramCredentials {
	readonly salt: Buffer;
	readonly iterations: number;
	readonly storedKey: Buffer;
	readonly serverKey: Buffer;
}

const hashName = (mechanism: ScramMechanism) => (mechanism === "SCRAM-SHA-256" ? "sha256" : "sha1");
const keyBytes = (mechanism: ScramMechanism) => (mechanism === "SCRAM-SHA-256" ? 32 : 20);
const hmac = (hash: string, key: Buffer, text: string) => createHmac(hash, key).update(text).digest();
const derive = promisify(pbkdf2);

async function clientKeys(mechanism: ScramMechanism, password: string, salt: Buffer, iterations: number) {
	const hash = hashName(mechanism);
	// SASLprep in the part that matters here: compatibility normalisation (RFC 4013, section 2.2).
	const salted = await derive(password.normalize("NFKC"), salt, iterations, keyBytes(mechanism), hash);
	const clientKey = hmac(hash, salted, "Client Key");
	return {
		clientKey,
		storedKey: createHash(hash).update(clientKey).digest(),
		serverKey: hmac(hash, salted, "Server Key"),
	};
}

export async function scramCredentials(
	mechanism: ScramMechanism,
	password: string,
	salt: Buffer,
	iterations = MIN_ITERATIONS,
): Promise<ScramCredentials> {
	const { storedKey, serverKey } = await clientKeys(mechanism, password, salt, iterations);
	return { salt, iterations, storedKey, serverKey };
}

/**
 * The client's side: `first()` → server-first → `final()` → server-final → `verify()`.
 * Each step throws ScramError when the server does not keep to the protocol or does not know the password.
 */
export class ScramClient {
	readonly #mechanism: ScramMechanism;
	readonly #password: string;
	readonly #nonce: string;
	readonly #firstBare: string;
	#expectedSignature: Buffer | undefined;

	/** @param nonce fresh random characters, without a comma */
	constructor(mechanism: ScramMechanism, username: string, password: string, nonce: string) {
		this.#mechanism = mechanism;
		this.#password = password;
		this.#nonce = nonce;
		const name = username.normalize("NFKC").replaceAll("=", "=3D").replaceAll(",", "=2C");
		this.#firstBare = `n=${name},r=${nonce}`;
	}

	first(): string {
		return GS2_HEADER + this.#firstBare;
	}

	async final(serverFirst: string): Promise<string> {
		const attributes = parseMessage(serverFirst);
		const nonce = required(attributes, "r");
		if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
			throw new ScramError("the server's nonce does not continue ours");
		}
		const salt = Buffer.from(required(attributes, "s"), "base64");
		const iterations = Number(required(attributes, "i"));
		if (!Number.isInteger(iterations) || iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
			throw new ScramError(
				`the server asks for ${attributes.get("i")} iterations; ${MIN_ITERATIONS} to ${MAX_ITERATIONS} are accepted`,
			);
		}
		const keys = await clientKeys(this.#mechanism, this.#password, salt, iterations);
		const withoutProof = `c=${Buffer.from(GS2_HEADER).toString("base64")},r=${nonce}`;
		const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
		const hash = hashName(this.#mechanism);
		this.#expectedSignature = hmac(hash, keys.serverKey, authMessage);
		const proof = xor(keys.clientKey, hmac(hash, keys.storedKey, authMessage));
		return `${withoutProof},p=${proof.toString("base64")}`;
	}

	/** Checks that the server knows the password too. @throws ScramError if it does not */
	verify(serverFinal: string): void {
		const attributes = parseMessage(serverFinal);
		const signature = Buffer.from(required(attributes, "v"), "base64");
		const expected = this.#expectedSignature;
		if (expected === undefined || signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
			throw new ScramError("the server did not prove that it knows the password");
		}
	}
}

/** The server's side: `first()` takes client-first, `final()` takes client-final and returns server-final. */
export class ScramServer {
	readonly #mechanism: ScramMechanism;
	readonly #nonce: string;
	#credentials: ScramCredentials | undefined;
	#authMessage = "";
	#fullNonce = "";
	#gs2 = "";

	/** @param nonce fresh random characters, without a comma */
	constructor(mechanism: ScramMechanism, nonce: string) {
		this.#mechanism = mechanism;
		this.#nonce = nonce;
	}

	/** @param lookUp the credentials of a user; for an unknown one made-up ones, so that it cannot be told from a wrong password */
	async first(
		clientFirst: string,
		lookUp: (username: string) => Promise<ScramCredentials>,
	): Promise<{ readonly username: string; readonly message: string }> {
		const gs2 = /^(?:n|y),(?:a=[^,]*)?,/.exec(clientFirst)?.[0];
		if (gs2 === undefined) throw new ScramError("channel binding is not supported");
		const bare = clientFirst.slice(gs2.length);
		const attributes = parseMessage(bare);
		const username = required(attributes, "n").replaceAll("=2C", ",").replaceAll("=3D", "=");
		this.#gs2 = gs2;
		this.#fullNonce = required(attributes, "r") + this.#nonce;
		this.#credentials = await lookUp(username);
		const message = `r=${this.#fullNonce},s=${this.#credentials.salt.toString("base64")},i=${this.#credentials.iterations}`;
		this.#authMessage = `${bare},${message}`;
		return { username, message };
	}

	/** @throws ScramError if the proof is wrong */
	final(clientFinal: string): string {
		const attributes = parseMessage(clientFinal);
		const proofText = required(attributes, "p");
		const credentials = this.#credentials;
		if (credentials === undefined) throw new ScramError("final message before the first");
		const withoutProof = clientFinal.slice(0, clientFinal.lastIndexOf(",p="));
		if (required(attributes, "r") !== this.#fullNonce) throw new ScramError("wrong nonce");
		if (required(attributes, "c") !== Buffer.from(this.#gs2).toString("base64"))
			throw new ScramError("wrong channel binding");
		const authMessage = `${this.#authMessage},${withoutProof}`;
		const hash = hashName(this.#mechanism);
		const signature = hmac(hash, credentials.storedKey, authMessage);
		const proof = Buffer.from(proofText, "base64");
		if (proof.length !== signature.length) throw new ScramError("wrong proof");
		const storedKey = createHash(hash).update(xor(proof, signature)).digest();
		if (!timingSafeEqual(storedKey, credentials.storedKey)) throw new ScramError("wrong proof");
		return `v=${hmac(hash, credentials.serverKey, authMessage).toString("base64")}`;
	}
}

function parseMessage(message: string): Map<string, string> {
	if (message.length > MAX_MESSAGE_CHARS) throw new ScramError("message too long");
	const attributes = new Map<string, string>();
	for (const part of message.split(",")) {
		if (part[1] !== "=") throw new ScramError("malformed message");
		const name = part[0] as string;
		if (name === "m") throw new ScramError("mandatory extension not supported");
		if (name === "e") throw new ScramError(`the server refused: ${part.slice(2)}`);
		if (attributes.has(name)) throw new ScramError(`attribute ${name} twice`);
		attributes.set(name, part.slice(2));
	}
	return attributes;
}

function required(attributes: Map<string, string>, name: string): string {
	const value = attributes.get(name);
	if (value === undefined || value === "") throw new ScramError(`attribute ${name} is missing`);
	return value;
}

function xor(a: Buffer, b: Buffer): Buffer {
	return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));
}
