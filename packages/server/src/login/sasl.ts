import { randomBytes } from "node:crypto";
import { Jid, SCRAM_MECHANISMS, ScramError, type ScramMechanism, ScramServer } from "@antiphon/protocol";
import type { Accounts } from "../peers/accounts.js";
import type { Account } from "../peers/client-session.js";

/** RFC 6120, section 6.5: what this server says. */
export type SaslCondition =
	| "aborted"
	| "encryption-required"
	| "incorrect-encoding"
	| "invalid-authzid"
	| "invalid-mechanism"
	| "malformed-request"
	| "not-authorized";

export type SaslStep =
	| { readonly step: "challenge"; readonly data: string }
	| { readonly step: "success"; readonly account: Account; readonly data: string | undefined }
	| { readonly step: "failure"; readonly condition: SaslCondition; readonly username?: string | undefined };

/** One attempt to log in: each message of the client gives the next step. Never throws or rejects. */
export interface SaslExchange {
	next(message: string): Promise<SaslStep>;
}

const MECHANISMS = [...SCRAM_MECHANISMS, "PLAIN"] as const;
export type Mechanism = (typeof MECHANISMS)[number];

export function isMechanism(name: string): name is Mechanism {
	return (MECHANISMS as readonly string[]).includes(name);
}

/** The mechanisms to offer: PLAIN shows the password, so only where nobody else can read. */
export function mechanismsFor(confidential: boolean): readonly Mechanism[] {
	return confidential ? MECHANISMS : SCRAM_MECHANISMS;
}

export function startExchange(mechanism: Mechanism, accounts: Accounts, domain: string): SaslExchange {
	return mechanism === "PLAIN" ? new PlainExchange(accounts, domain) : new ScramExchange(mechanism, accounts, domain);
}

/** RFC 4616 */
class PlainExchange implements SaslExchange {
	readonly #accounts: Accounts;
	readonly #domain: string;

	constructor(accounts: Accounts, domain: string) {
		this.#accounts = accounts;
		this.#domain = domain;
	}

	async next(message: string): Promise<SaslStep> {
		const [authzid, username, password, ...rest] = message.split("\0");
		if (username === undefined || username === "" || password === undefined || password === "" || rest.length > 0) {
			return { step: "failure", condition: "malformed-request" };
		}
		const account = this.#accounts.checkPassword(username, password);
		if (account === undefined) return { step: "failure", condition: "not-authorized", username };
		return succeed(account, authzid ?? "", undefined, this.#domain);
	}
}

/** RFC 5802: client-first → challenge → client-final → success with the server's signature. */
class ScramExchange implements SaslExchange {
	readonly #mechanism: ScramMechanism;
	readonly #accounts: Accounts;
	readonly #domain: string;
	readonly #scram: ScramServer;
	#username: string | undefined;
	#authzid = "";

	constructor(mechanism: ScramMechanism, accounts: Accounts, domain: string) {
		this.#mechanism = mechanism;
		this.#accounts = accounts;
		this.#domain = domain;
		this.#scram = new ScramServer(mechanism, randomBytes(18).toString("base64url"));
	}

	async next(message: string): Promise<SaslStep> {
		const first = this.#username === undefined;
		try {
			if (first) {
				this.#authzid = saslName(/^[ny],a=([^,]*),/.exec(message)?.[1] ?? "");
				const answer = await this.#scram.first(message, (name) => this.#accounts.scram(this.#mechanism, name));
				this.#username = answer.username;
				return { step: "challenge", data: answer.message };
			}
			const data = this.#scram.final(message);
			const account = this.#accounts.named(this.#username as string);
			if (account === undefined) return { step: "failure", condition: "not-authorized", username: this.#username };
			return succeed(account, this.#authzid, data, this.#domain);
		} catch (error) {
			if (!(error instanceof ScramError)) throw error;
			return { step: "failure", condition: first ? "malformed-request" : "not-authorized", username: this.#username };
		}
	}
}

/** Nobody may act for another account: an authorization identity must be the account itself (RFC 6120, 6.3.8). */
function succeed(account: Account, authzid: string, data: string | undefined, domain: string): SaslStep {
	if (authzid !== "") {
		const jid = Jid.tryParse(authzid.includes("@") ? authzid : `${authzid}@${domain}`);
		if (jid === undefined || !jid.equals(account.jid)) return { step: "failure", condition: "invalid-authzid" };
	}
	return { step: "success", account, data };
}

const saslName = (text: string) => text.replaceAll("=2C", ",").replaceAll("=3D", "=");
