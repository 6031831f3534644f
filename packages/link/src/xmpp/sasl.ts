import { randomBytes } from "node:crypto";
import { ScramClient, type ScramMechanism } from "@antiphon/protocol";
import type { SaslMechanism } from "@xmpp/client";
import { final, type LinkFailure } from "../failure.js";
import { fromBytes, toBytes } from "./ltx-bridge.js";

/** A mechanism for xmpp.js to use, with the check that xmpp.js leaves out. */
export interface CheckedMechanism extends SaslMechanism {
	/** The server says that the login is done. @throws LinkFailure when it has not proved itself */
	succeeded(additionalData: string): void;
}

/** Strongest first. */
const MECHANISMS = ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"] as const;
export type MechanismName = (typeof MECHANISMS)[number];

/**
 * The strongest mechanism that both sides know. PLAIN hands the password over, so it needs a channel to a server that
 * has shown who it is.
 * @throws LinkFailure
 */
export function chooseMechanism(offered: readonly string[], plainAllowed: boolean): MechanismName {
	const choice = MECHANISMS.find((name) => offered.includes(name) && (name !== "PLAIN" || plainAllowed));
	if (choice !== undefined) return choice;
	const list = offered.slice(0, 20).join(", ").slice(0, 500) || "none";
	throw offered.includes("PLAIN")
		? final(
				"unauthenticated",
				`the server offers no login but ${list}, and PLAIN is for verified TLS only. Use xmpps:// or give ca`,
			)
		: final("unauthenticated", `the server offers no login that is known here: ${list}`);
}

export function createMechanism(name: MechanismName, username: string, password: string): CheckedMechanism {
	return name === "PLAIN" ? plain(username, password) : new Scram(name, username, password);
}

/** RFC 4616 */
function plain(username: string, password: string): CheckedMechanism {
	return {
		name: "PLAIN",
		clientFirst: true,
		response: () => toBytes(`\0${username}\0${password}`),
		challenge() {
			throw final("unauthenticated", "the server answered PLAIN with a challenge");
		},
		succeeded() {},
	};
}

/** RFC 5802 in the steps that xmpp.js takes: `response`, `challenge`, `response`. */
class Scram implements CheckedMechanism {
	readonly name: ScramMechanism;
	readonly clientFirst = true;
	readonly #scram: ScramClient;
	#step: "first" | "final" | "last" = "first";
	#serverFirst = "";
	#verified = false;

	constructor(name: ScramMechanism, username: string, password: string) {
		this.name = name;
		this.#scram = new ScramClient(name, username, password, randomBytes(24).toString("base64"));
	}

	challenge(bytes: string): void {
		const text = fromBytes(bytes);
		// RFC 5802 section 5 lets a server send its proof in a challenge of its own.
		if (this.#step === "last") this.#verify(text);
		else this.#serverFirst = text;
	}

	async response(): Promise<string> {
		if (this.#step === "first") {
			this.#step = "final";
			return toBytes(this.#scram.first());
		}
		if (this.#step === "last") return "";
		this.#step = "last";
		try {
			return toBytes(await this.#scram.final(this.#serverFirst));
		} catch (error) {
			throw unproven(error);
		}
	}

	succeeded(additionalData: string): void {
		if (!this.#verified) this.#verify(additionalData);
	}

	#verify(serverFinal: string): void {
		try {
			this.#scram.verify(serverFinal);
			this.#verified = true;
		} catch (error) {
			throw unproven(error);
		}
	}
}

function unproven(error: unknown): LinkFailure {
	const why = error instanceof Error ? error.message : String(error);
	return final(
		"unauthenticated",
		`the server failed its part of the login: ${why}. It may not be the server it claims to be`,
		error,
	);
}
