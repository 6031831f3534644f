import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { BusError, Jid, type ScramCredentials, type ScramMechanism, scramCredentials } from "@antiphon/protocol";
import type { Account } from "./client-session.js";

/** The accounts of the server by local part, and what SASL asks about them. */
export class Accounts {
	readonly #accounts = new Map<string, Account>();
	readonly #credentials = new Map<string, Promise<ScramCredentials>>();
	/** Makes the salts of accounts that do not exist, the same for the same name, so that they look like any other. */
	readonly #saltKey = randomBytes(32);
	readonly #domain: string;

	constructor(domain: string) {
		this.#domain = domain;
	}

	get size(): number {
		return this.#accounts.size;
	}

	add(account: Account): void {
		const local = account.jid.local ?? "";
		if (this.#accounts.has(local)) throw new BusError("conflict", `there is an account ${account.jid} already`);
		this.#accounts.set(local, account);
	}

	get(local: string): Account | undefined {
		return this.#accounts.get(local);
	}

	all(): IterableIterator<Account> {
		return this.#accounts.values();
	}

	/** The account for a name that a client logs in with, or `undefined`. */
	named(username: string): Account | undefined {
		try {
			return this.#accounts.get(Jid.of(username, this.#domain).local as string);
		} catch {
			return undefined;
		}
	}

	/** For an unknown name: made-up ones that no password fits. */
	scram(mechanism: ScramMechanism, username: string): Promise<ScramCredentials> {
		const account = this.named(username);
		const salt = createHmac("sha256", this.#saltKey).update(username).digest().subarray(0, 16);
		if (account === undefined) return scramCredentials(mechanism, randomBytes(16).toString("hex"), salt);
		const key = `${mechanism} ${account.jid}`;
		let credentials = this.#credentials.get(key);
		if (credentials === undefined) {
			credentials = scramCredentials(mechanism, account.password, randomBytes(16));
			this.#credentials.set(key, credentials);
		}
		return credentials;
	}

	/** Takes the same time for any name and password. */
	checkPassword(username: string, password: string): Account | undefined {
		const account = this.named(username);
		const given = digest(password);
		const known = digest(account?.password ?? randomBytes(16).toString("hex"));
		return timingSafeEqual(given, known) ? account : undefined;
	}
}

const digest = (password: string) => createHash("sha256").update(password.normalize("NFKC")).digest();
