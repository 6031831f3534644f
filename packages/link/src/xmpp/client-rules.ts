import { Jid, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { final, passing } from "../failure.js";
import type { ClientSettings } from "../options.js";
import type { NegotiationRules } from "./negotiator.js";
import { type CheckedMechanism, chooseMechanism, createMechanism } from "./sasl.js";
import { bindFailure, saslFailure, streamFailure } from "./stream-errors.js";
import type { TlsPolicy } from "./tls.js";
import type { Wire } from "./wire.js";

/**
 * What xmpp.js gets to see of a client's negotiation (RFC 6120 sections 5 to 7), one step at a time:
 *
 * | step     | waits for                    | then                                                |
 * | -------- | ---------------------------- | --------------------------------------------------- |
 * | features | features before login        | tls or sasl, as the policy says                     |
 * | tls      | `<proceed/>`                 | features, on a new stream                           |
 * | sasl     | `<success/>`, server checked | login, on a new stream                              |
 * | login    | features with bind           | bind                                                |
 * | bind     | the result with our full JID | the stream is up                                    |
 *
 * Of the features only the one that is to be negotiated is shown, so that nothing else is ever begun: no XEP-0198, no
 * SASL 2, no weaker mechanism. What does not belong to a step is dropped.
 */
export class ClientRules implements NegotiationRules {
	/** Once bound. */
	jid: Jid | undefined;
	/** XEP-0478 */
	announcedMaxBytes: number | undefined;
	/** The mechanism that was chosen, once it has been. */
	mechanism: CheckedMechanism | undefined;
	readonly #settings: ClientSettings;
	readonly #policy: TlsPolicy;
	readonly #wire: Wire;
	readonly #onStep: (doing: string) => void;
	#step: "features" | "tls" | "sasl" | "login" | "bind" = "features";

	constructor(settings: ClientSettings, policy: TlsPolicy, wire: Wire, onStep: (doing: string) => void) {
		this.#settings = settings;
		this.#policy = policy;
		this.#wire = wire;
		this.#onStep = onStep;
		onStep("waiting for the stream to open");
	}

	header(header: Element): Element {
		this.#onStep("waiting for the stream features");
		return header;
	}

	admit(element: Element): { show?: Element | undefined; last?: boolean } {
		if (element.is("error", NS.streams)) throw streamFailure(element, this.#settings.domain);
		if (element.is("features", NS.streams)) return { show: this.#features(element) };
		if (this.#step === "tls" && element.ns === NS.tls) return this.#tls(element);
		if (this.#step === "sasl" && element.ns === NS.sasl) return this.#sasl(element);
		if (this.#step === "bind" && element.is("iq", NS.client)) return this.#bound(element);
		return {};
	}

	#features(features: Element): Element | undefined {
		this.#readLimits(features);
		if (this.#step === "login") {
			const bind = features.child("bind", NS.bind);
			if (bind === undefined) throw passing("link-lost", "the server offers no resource after the login");
			this.#go("bind", "binding the resource");
			return features.withChildren(xml("bind", NS.bind));
		}
		if (this.#step !== "features") return undefined;
		const starttls = features.child("starttls", NS.tls);
		const mechanisms = features.child("mechanisms", NS.sasl)?.elements("mechanism", NS.sasl) ?? [];
		if (!this.#wire.encrypted) {
			const demanded = starttls?.child("required", NS.tls) !== undefined || mechanisms.length === 0;
			if (starttls !== undefined && (this.#policy.preferred || demanded)) {
				this.#go("tls", "starting TLS");
				return features.withChildren(xml("starttls", NS.tls));
			}
			if (this.#policy.required)
				throw plaintextRefused("the server offers no STARTTLS, or somebody on the way hides it");
		}
		const plainAllowed = this.#wire.encrypted && (this.#wire.verified || this.#settings.insecure);
		const name = chooseMechanism(
			mechanisms.map((mechanism) => mechanism.text()),
			plainAllowed,
		);
		this.mechanism = createMechanism(name, this.#settings.jid.local as string, this.#settings.password);
		this.#go("sasl", `logging in with ${name}`);
		return features.withChildren(xml("mechanisms", NS.sasl, {}, xml("mechanism", NS.sasl, {}, name)));
	}

	#tls(element: Element): { show?: Element } {
		if (element.name !== "proceed") throw passing("link-lost", "the server failed to start TLS");
		// Whatever came along with it was sent in plaintext, by whoever, to be taken for encrypted (CVE-2011-0411).
		if (this.#wire.unread > 0) throw final("forbidden", "plaintext was sent to be read as if it were encrypted");
		this.#wire.stopReading();
		this.#go("features", "in the TLS handshake");
		return { show: element };
	}

	#sasl(element: Element): { show?: Element } {
		if (element.name === "failure") throw saslFailure(element, this.#settings.jid.toString());
		if (element.name === "success") {
			const text = element.text();
			this.mechanism?.succeeded(text === "=" ? "" : Buffer.from(text, "base64").toString("utf8"));
			this.#wire.restart();
			this.#go("login", "waiting for the stream to open after the login");
		}
		return { show: element };
	}

	#bound(iq: Element): { show?: Element; last?: boolean } {
		if (iq.attr("type") === "error") throw bindFailure(iq);
		const text = iq.attr("type") === "result" ? iq.child("bind", NS.bind)?.child("jid", NS.bind)?.text() : undefined;
		if (text === undefined) return {};
		const jid = Jid.tryParse(text);
		if (jid?.resource === undefined) throw passing("link-lost", "the server bound an address that is no full JID");
		this.jid = jid;
		// No `from`: xmpp.js would parse it, and throws at what it cannot parse.
		return { show: iq.with({ from: undefined, to: undefined }), last: true };
	}

	#readLimits(features: Element): void {
		const text = features.child("limits", NS.streamLimits)?.child("max-bytes", NS.streamLimits)?.text() ?? "";
		if (/^[1-9][0-9]{0,14}$/.test(text)) this.announcedMaxBytes = Number(text);
	}

	#go(step: "tls" | "features" | "sasl" | "login" | "bind", doing: string): void {
		this.#step = step;
		this.#onStep(doing);
	}
}

export function plaintextRefused(why: string) {
	return final("forbidden", `refused to log in without TLS: ${why}. Use xmpps://, or insecure: true if you must`);
}
