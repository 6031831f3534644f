import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { BusError, Jid, type ScramCredentials, type ScramMechanism } from "@antiphon/protocol";
import type { Account } from "./client-session.js";
import { SaslCredentials } from "./sasl-credentials.js";

/** The accounts of the server by local part, and what SASL asks about them. */
export class Accounts {
	readonly #accounts = new Map<string, Account>();
	readonly #credentials = new SaslCredentials();
	/** What a password is compared with where there is no account. */
	readonly #noPassword = randomBytes(16).toString("hex");
	readonly #domain: string;

	constructor(domain: string) {
		this.#domain = domain;
	}

	get size(): number {
		return this.#accounts.size;
	}

	/** Cheap: what SCRAM needs is derived at the account's first login. */
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
		return this.#accounts.get(this.#prepared(username) ?? "");
	}

	/** For an unknown name: made-up ones that no password fits. See {@link SaslCredentials} for what tells them apart. */
	scram(mechanism: ScramMechanism, username: string): Promise<ScramCredentials> {
		const local = this.#prepared(username);
		// What cannot be a local part is nobody's name, and everybody knows that.
		return this.#credentials.of(mechanism, local ?? username, this.#accounts.get(local ?? "")?.password);
	}

	/** Takes the same time for any name and password. */
	checkPassword(username: string, password: string): Account | undefined {
		const account = this.named(username);
		const right = timingSafeEqual(digest(password), digest(account?.password ?? this.#noPassword));
		return right ? account : undefined;
	}

	/** `undefined` for what cannot be a local part. */
	#prepared(username: string): string | undefined {
		try {
			return Jid.of(username, this.#domain).local;
		} catch {
			return undefined;
		}
	}
}

const digest = (password: string) => createHash("sha256").update(password.normalize("NFKC")).digest();
