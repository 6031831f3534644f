import { type Log, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { shown } from "../log.js";
import type { Accounts } from "../peers/accounts.js";
import type { Account } from "../peers/client-session.js";
import type { XmlStream } from "../streams/xml-stream.js";
import { isMechanism, type SaslExchange, type SaslStep, startExchange } from "./sasl.js";

/**
 * SASL on one stream (RFC 6120, section 6).
 *
 * | from    | to      | when                                                                                |
 * | ------- | ------- | ----------------------------------------------------------------------------------- |
 * | idle    | waiting | `<auth/>` without a message: it was asked for                                       |
 * | idle    | busy    | `<auth/>` with a message, which is being checked                                    |
 * | waiting | busy    | `<response/>`                                                                       |
 * | busy    | waiting | a challenge was sent                                                                |
 * | waiting | idle    | `<abort/>`                                                                          |
 * | busy    | aborted | `<abort/>`: its answer waits until the check is over                                |
 * | busy    | idle    | success; failure. After too many failures the stream ends                           |
 * | aborted | idle    | the check is over, with whatever result                                             |
 *
 * So a stream never has more than one check under way, however often it aborts.
 */
type SaslState =
	| { readonly state: "idle" }
	| { readonly state: "waiting"; readonly exchange: SaslExchange }
	| { readonly state: "busy"; readonly exchange: SaslExchange }
	| { readonly state: "aborted" };

export interface SaslNegotiationParts {
	readonly stream: XmlStream;
	readonly accounts: Accounts;
	readonly domain: string;
	readonly log: Log;
	readonly maxFailedLogins: number;
	/** The mechanisms that may be used now. */
	offered(): readonly string[];
	/** `<success/>` was sent: a new stream is due. */
	onSuccess(account: Account): void;
}

const CANONICAL_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The logins of one stream, of which all but the last have failed. */
export class SaslNegotiation {
	readonly #parts: SaslNegotiationParts;
	#state: SaslState = { state: "idle" };
	#failures = 0;

	constructor(parts: SaslNegotiationParts) {
		this.#parts = parts;
	}

	/** @returns false for an element that means nothing now */
	take(element: Element): boolean {
		const now = this.#state;
		if (element.is("auth", NS.sasl) && now.state === "idle") this.#start(element);
		else if (element.is("abort", NS.sasl) && now.state === "waiting") this.#fail({ condition: "aborted" });
		else if (element.is("abort", NS.sasl) && now.state === "busy") this.#state = { state: "aborted" };
		else if (element.is("response", NS.sasl) && now.state === "waiting") this.#message(now.exchange, element.text());
		else return false;
		return true;
	}

	#start(auth: Element): void {
		const mechanism = auth.attr("mechanism") ?? "";
		if (!isMechanism(mechanism)) {
			this.#fail({ condition: "invalid-mechanism" });
			return;
		}
		if (!this.#parts.offered().includes(mechanism)) {
			this.#fail({ condition: "encryption-required" });
			return;
		}
		const exchange = startExchange(mechanism, this.#parts.accounts, this.#parts.domain);
		const initial = auth.text();
		if (initial !== "") {
			this.#message(exchange, initial);
			return;
		}
		// No initial response: an empty challenge asks for it (RFC 6120, section 6.4.2).
		this.#state = { state: "waiting", exchange };
		this.#parts.stream.send(xml("challenge", NS.sasl));
	}

	/** @param text base64; `=` is the empty message (section 6.4.2) */
	#message(exchange: SaslExchange, text: string): void {
		if (text !== "=" && !CANONICAL_BASE64.test(text)) {
			this.#fail({ condition: "incorrect-encoding" });
			return;
		}
		this.#state = { state: "busy", exchange };
		const message = text === "=" ? "" : Buffer.from(text, "base64").toString("utf8");
		exchange
			.next(message)
			// The client may have aborted or gone meanwhile.
			.then((step) => {
				if (!this.#parts.stream.open) return;
				if (this.#state.state === "aborted") this.#fail({ condition: "aborted" });
				else this.#step(exchange, step);
			})
			.catch((error: unknown) => {
				const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
				this.#parts.log.error(`a fault in the server, please report it: ${detail}`);
				this.#parts.stream.fail("internal-server-error", "a fault in the server", "error");
			});
	}

	#step(exchange: SaslExchange, step: SaslStep): void {
		switch (step.step) {
			case "challenge":
				this.#state = { state: "waiting", exchange };
				this.#parts.stream.send(xml("challenge", NS.sasl, {}, base64(step.data)));
				return;
			case "success":
				this.#state = { state: "idle" };
				this.#parts.stream.send(xml("success", NS.sasl, {}, step.data === undefined ? undefined : base64(step.data)));
				this.#parts.onSuccess(step.account);
				return;
			case "failure":
				this.#fail(step);
		}
	}

	#fail({ condition, username }: Omit<Extract<SaslStep, { step: "failure" }>, "step">): void {
		const { stream, log, domain, maxFailedLogins } = this.#parts;
		this.#state = { state: "idle" };
		this.#failures++;
		const name = username === undefined ? "" : ` as ${shown(username)}`;
		log.warn(
			`${stream.who} from ${stream.peer}: login${name} at ${domain} failed: ${condition}. ` +
				"Check name and password against the server's users.",
		);
		stream.send(xml("failure", NS.sasl, {}, xml(condition, NS.sasl)));
		if (this.#failures >= maxFailedLogins) {
			stream.fail("policy-violation", `${this.#failures} failed logins (limits.maxFailedLogins)`);
		}
	}
}

const base64 = (text: string) => Buffer.from(text).toString("base64");
