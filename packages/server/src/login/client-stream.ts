import type { Socket } from "node:net";
import { errorOf, iq, isStanza, Jid, NS, type StanzaError } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import type { ResolvedOptions } from "../options.js";
import type { Accounts } from "../peers/accounts.js";
import { type Account, ClientSession } from "../peers/client-session.js";
import type { Router } from "../routing/router.js";
import { type StreamContext, XmlStream } from "../streams/xml-stream.js";
import type { LoginGate } from "./login-gate.js";
import { chooseResource } from "./resource-choice.js";
import { mechanismsFor } from "./sasl.js";
import { SaslNegotiation } from "./sasl-negotiation.js";
import { bindFeatures, loginFeatures } from "./stream-features.js";

/**
 * The life of a client's stream (RFC 6120, sections 4 to 7).
 *
 * | from          | to            | when                                                                        |
 * | ------------- | ------------- | --------------------------------------------------------------------------- |
 * | connected     | negotiating   | the header came; features were sent. Logins: sasl-negotiation.ts            |
 * | negotiating   | connected     | `<starttls/>`: a new stream begins over TLS                                 |
 * | negotiating   | restarting    | a login succeeded; a new header is due                                      |
 * | restarting    | authenticated | the header came; features were sent                                         |
 * | authenticated | bound         | a resource is bound: stanzas are routed                                     |
 * | any           | closed        | the stream ended, failed, or the time to log in is over                     |
 */
type ClientState =
	| { readonly state: "connected" }
	| { readonly state: "negotiating" }
	| { readonly state: "restarting"; readonly account: Account }
	| { readonly state: "authenticated"; readonly account: Account }
	| { readonly state: "bound"; readonly session: ClientSession }
	| { readonly state: "closed" };

export interface ClientStreamParts {
	readonly context: StreamContext;
	readonly options: ResolvedOptions;
	readonly accounts: Accounts;
	readonly router: Router;
	readonly gate: LoginGate;
	/** Makes a TLS socket of a plain one; `undefined` without a certificate. */
	readonly secure: ((socket: Socket) => Socket) | undefined;
	onBound(session: ClientSession): void;
	onUnbound(session: ClientSession): void;
}

/** A client's connection, from its first byte to its last. */
export class ClientStream {
	readonly #parts: ClientStreamParts;
	readonly stream: XmlStream;
	#state: ClientState = { state: "connected" };
	#secured: boolean;
	readonly #sasl: SaslNegotiation;
	readonly #endLogin: () => void;

	/** @param secured the socket is a TLS socket already */
	constructor(parts: ClientStreamParts, socket: Socket, secured: boolean) {
		this.#parts = parts;
		this.#secured = secured;
		this.stream = new XmlStream(parts.context, socket, "client", NS.client, {
			onHeader: (header) => this.#onHeader(header),
			onElement: (element) => this.#onElement(element),
			onClosed: () => this.#onClosed(),
		});
		this.#sasl = new SaslNegotiation({
			stream: this.stream,
			accounts: parts.accounts,
			domain: parts.options.domain,
			log: parts.context.log,
			maxFailedLogins: parts.options.limits.maxFailedLogins,
			offered: () => this.#mechanisms,
			onSuccess: (account) => this.#loggedIn(account),
		});
		this.#endLogin = parts.gate.enter(this.stream, socket.remoteAddress ?? "unknown");
	}

	#onHeader(header: Element): void {
		const to = header.attr("to");
		const { domain } = this.#parts.options;
		if (to === undefined) {
			this.stream.fail("improper-addressing", "the stream header names no domain in its to");
		} else if (Jid.tryParse(to)?.toString() !== domain) {
			this.stream.fail("host-unknown", `this port is for clients of ${domain}; components have a port of their own`);
		} else if (!/^1\.\d+$/.test(header.attr("version") ?? "")) {
			this.stream.fail("unsupported-version", "the stream header lacks version='1.0'");
		} else {
			this.stream.sendHeader(domain);
			if (this.#state.state === "restarting") {
				this.#state = { state: "authenticated", account: this.#state.account };
				this.stream.sendFeatures(bindFeatures(this.#parts.options.limits));
			} else {
				this.#state = { state: "negotiating" };
				this.stream.sendFeatures(this.#loginFeatures());
			}
		}
	}

	#loginFeatures(): Element[] {
		const { limits, requireTls } = this.#parts.options;
		const tls = this.#parts.secure === undefined || this.#secured ? "none" : requireTls ? "required" : "optional";
		return loginFeatures(limits, tls, this.#mechanisms);
	}

	/** None before TLS where TLS is required; PLAIN only where nobody else can read what is sent. */
	get #mechanisms(): readonly string[] {
		if (this.#parts.options.requireTls && !this.#secured) return [];
		return mechanismsFor(this.#secured || this.stream.loopback);
	}

	#onElement(element: Element): void {
		const now = this.#state;
		switch (now.state) {
			case "bound":
				if (isStanza(element)) this.#parts.router.fromClient(now.session, element);
				else this.#unsupported(element);
				return;
			case "negotiating":
				if (element.is("starttls", NS.tls)) this.#starttls();
				else if (!this.#sasl.take(element)) this.#early(element);
				return;
			case "authenticated":
				if (element.name === "iq" && element.child("bind", NS.bind) !== undefined) this.#bind(now.account, element);
				else if (isStanza(element)) this.#early(element);
				else this.#unsupported(element);
				return;
			default:
				this.#early(element);
		}
	}

	#early(element: Element): void {
		if (isStanza(element)) this.stream.fail("not-authorized", `a stanza (${element.name}) before login and binding`);
		else if (element.ns === NS.sasl) this.stream.fail("not-authorized", `<${element.name}/> out of turn`);
		else this.#unsupported(element);
	}

	#unsupported(element: Element): void {
		this.stream.fail("unsupported-stanza-type", `<${element.name.slice(0, 40)}/> is not supported here`);
	}

	/** RFC 6120, section 5.4.2. What was sent behind it would be taken for protected by TLS (CVE-2011-0411). */
	#starttls(): void {
		const { secure } = this.#parts;
		if (secure === undefined || this.#secured) {
			this.stream.end("<starttls/> without need, refused", xml("failure", NS.tls));
		} else if (this.stream.unread) {
			this.#parts.context.log.warn(
				`${this.stream.who} from ${this.stream.peer}: sent data behind <starttls/>, refused. Its TLS must begin first.`,
			);
			this.stream.end("data behind <starttls/>", xml("failure", NS.tls));
		} else {
			this.#secured = true;
			this.#state = { state: "connected" };
			this.stream.upgrade(xml("proceed", NS.tls), secure);
		}
	}

	#loggedIn(account: Account): void {
		this.#state = { state: "restarting", account };
		this.stream.who = `client ${account.jid}`;
		this.stream.payer = account.jid.toString();
		this.stream.restart();
	}

	/** RFC 6120, section 7 */
	#bind(account: Account, request: Element): void {
		const bind = request.child("bind", NS.bind);
		const id = request.attr("id");
		if (request.attr("type") !== "set" || id === undefined || id === "" || bind === undefined) {
			this.#refuseBind(request, { type: "modify", condition: "bad-request", text: "binding is an iq set with an id" });
			return;
		}
		const jid = chooseResource(
			this.#parts.options.resourceConflict,
			account,
			bind.child("resource", NS.bind)?.text() ?? "",
		);
		if (!(jid instanceof Jid)) {
			this.#refuseBind(request, jid);
			return;
		}
		account.sessions.get(jid.resource as string)?.fail("conflict", "another session has bound this resource");
		if (account.sessions.size >= this.#parts.options.limits.maxResources) {
			const text = `${account.jid} has ${account.sessions.size} sessions (limits.maxResources)`;
			this.#refuseBind(request, { type: "wait", condition: "resource-constraint", text });
			return;
		}
		const session = new ClientSession(this.stream, account, jid, this.#parts.options.limits.maxStanzaBytes);
		account.sessions.set(jid.resource as string, session);
		this.#state = { state: "bound", session };
		this.stream.who = `client ${jid}`;
		this.stream.setLimits({
			maxStreamBytes: Number.POSITIVE_INFINITY,
			maxStanzaBytes: this.#parts.options.limits.maxStanzaBytes,
		});
		this.#endLogin();
		this.#parts.context.log.info(`${this.stream.who} from ${this.stream.peer}: logged in`);
		this.stream.send(iq("result", { id }, xml("bind", NS.bind, {}, xml("jid", NS.bind, {}, jid.toString()))));
		this.#parts.onBound(session);
	}

	#refuseBind(request: Element, error: StanzaError): void {
		this.stream.send(errorOf(request.with({ from: undefined, to: undefined }), error));
	}

	#onClosed(): void {
		const before = this.#state;
		this.#state = { state: "closed" };
		this.#endLogin();
		if (before.state !== "bound") return;
		const { session } = before;
		const { sessions } = session.account;
		const resource = session.jid.resource as string;
		if (sessions.get(resource) === session) sessions.delete(resource);
		this.#parts.onUnbound(session);
	}
}
