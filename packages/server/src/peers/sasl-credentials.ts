import { createHmac, randomBytes } from "node:crypto";
import { type ScramCredentials, type ScramMechanism, scramCredentials } from "@antiphon/protocol";

/** RFC 5802 asks for 4096 at least. The same for every name. */
const ITERATIONS = 4096;
const SALT_BYTES = 16;
/** Derivations that run at once: each takes one of the four threads that Node does its file and DNS work with. */
const MAX_DERIVING = 2;

/**
 * What SCRAM keeps of passwords (RFC 5802, section 3), derived at the first login of an account, once for a mechanism.
 *
 * The salt is made of a secret of this process and the name, alike for the names that have an account and those that have
 * none: length, iterations and stability are the same. The keys of a name without an account are made of the same secret,
 * at next to no cost, and nobody can show the key that fits them. Passwords are not stored, so nothing outlives the
 * process: the next one has another secret and other salts, for every name.
 *
 * What remains: the first login of an account by a mechanism waits for its derivation, a few milliseconds, where one
 * without an account is answered at once. So a name can be told apart by time at most once a mechanism, and only when
 * nobody has logged in with it before.
 */
export class SaslCredentials {
	readonly #secret = randomBytes(32);
	/** At most one for each account and mechanism. */
	readonly #derived = new Map<string, Promise<ScramCredentials>>();
	#deriving = 0;
	/** Those who wait for their turn to derive: at most one for each account and mechanism. */
	readonly #queue: (() => void)[] = [];

	/**
	 * @param name prepared, so that all its spellings are one
	 * @param password `undefined` for a name without an account
	 */
	async of(mechanism: ScramMechanism, name: string, password: string | undefined): Promise<ScramCredentials> {
		// For a name with an account, too: it takes the same time then.
		const unknown = this.#ofNobody(mechanism, name);
		if (password === undefined) return unknown;
		const key = `${mechanism} ${name}`;
		let credentials = this.#derived.get(key);
		if (credentials === undefined) {
			credentials = this.#derive(mechanism, password, unknown.salt);
			this.#derived.set(key, credentials);
			credentials.catch(() => this.#derived.delete(key));
		}
		return credentials;
	}

	#ofNobody(mechanism: ScramMechanism, name: string): ScramCredentials {
		const made = (what: string) => createHmac("sha256", this.#secret).update(`${what} ${mechanism} ${name}`).digest();
		const keyBytes = mechanism === "SCRAM-SHA-256" ? 32 : 20;
		return {
			salt: made("salt").subarray(0, SALT_BYTES),
			iterations: ITERATIONS,
			storedKey: made("stored key").subarray(0, keyBytes),
			serverKey: made("server key").subarray(0, keyBytes),
		};
	}

	async #derive(mechanism: ScramMechanism, password: string, salt: Buffer): Promise<ScramCredentials> {
		if (this.#deriving < MAX_DERIVING) this.#deriving++;
		else await new Promise<void>((resolve) => this.#queue.push(resolve));
		try {
			return await scramCredentials(mechanism, password, salt, ITERATIONS);
		} finally {
			// The turn is handed on, or given back.
			const next = this.#queue.shift();
			if (next === undefined) this.#deriving--;
			else next();
		}
	}
}
