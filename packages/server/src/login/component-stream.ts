import { createHash, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import { isStanza, Jid, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { shown } from "../log.js";
import type { ResolvedOptions } from "../options.js";
import type { ComponentDomain, Components } from "../peers/components.js";
import type { Peer } from "../peers/peer.js";
import { StreamPeer } from "../peers/stream-peer.js";
import type { Router } from "../routing/router.js";
import { type StreamContext, XmlStream } from "../streams/xml-stream.js";
import type { LoginGate } from "./login-gate.js";

/**
 * The life of a component's stream (XEP-0114).
 *
 * | from      | to      | when                                                                 |
 * | --------- | ------- | -------------------------------------------------------------------- |
 * | connected | greeted | the header named a domain that is configured; its id was sent        |
 * | greeted   | bound   | the handshake is right, and the domain free or its owner replaced    |
 * | any       | closed  | the stream ended, failed, or the time to log in is over              |
 */
type ComponentState =
	| { readonly state: "connected" }
	| { readonly state: "greeted"; readonly domain: ComponentDomain; readonly streamId: string }
	| { readonly state: "bound"; readonly domain: ComponentDomain; readonly peer: StreamPeer }
	| { readonly state: "closed" };

export interface ComponentStreamParts {
	readonly context: StreamContext;
	readonly options: ResolvedOptions;
	readonly components: Components;
	readonly router: Router;
	readonly gate: LoginGate;
	onBound(peer: Peer): void;
	onUnbound(peer: Peer): void;
}

/** A component's connection, from its first byte to its last. */
export class ComponentStream {
	readonly #parts: ComponentStreamParts;
	readonly stream: XmlStream;
	#state: ComponentState = { state: "connected" };
	readonly #endLogin: () => void;

	constructor(parts: ComponentStreamParts, socket: Socket) {
		this.#parts = parts;
		this.stream = new XmlStream(parts.context, socket, "component", NS.component, {
			onHeader: (header) => this.#onHeader(header),
			onElement: (element) => this.#onElement(element),
			onClosed: () => this.#onClosed(),
		});
		this.#endLogin = parts.gate.enter(this.stream, socket.remoteAddress ?? "unknown");
	}

	#onHeader(header: Element): void {
		const to = header.attr("to");
		if (to === undefined) {
			this.stream.fail("improper-addressing", "the stream header names no domain in its to");
			return;
		}
		const domain = this.#parts.components.get(Jid.tryParse(to)?.toString() ?? "");
		if (domain === undefined) {
			this.stream.fail("host-unknown", `no component ${shown(to)} is configured`);
			return;
		}
		this.stream.who = `component ${domain.domain}`;
		this.#state = { state: "greeted", domain, streamId: this.stream.sendHeader(domain.domain) };
	}

	#onElement(element: Element): void {
		const now = this.#state;
		if (now.state === "bound") {
			if (isStanza(element)) this.#parts.router.fromComponent(now.peer, element);
			else this.#unsupported(element);
		} else if (now.state === "greeted") {
			if (element.is("handshake", NS.client)) this.#handshake(now.domain, now.streamId, element.text().trim());
			else if (isStanza(element)) this.stream.fail("not-authorized", `a stanza (${element.name}) before the handshake`);
			else this.#unsupported(element);
		}
	}

	#unsupported(element: Element): void {
		this.stream.fail("unsupported-stanza-type", `<${element.name.slice(0, 40)}/> is not supported here`);
	}

	#handshake(domain: ComponentDomain, streamId: string, given: string): void {
		const known = createHash("sha1")
			.update(streamId + domain.secret)
			.digest("hex");
		// Both are hashed again, so that the comparison takes the same time whatever was given.
		if (!timingSafeEqual(sha256(given.toLowerCase()), sha256(known))) {
			this.stream.fail("not-authorized", "the handshake does not fit the secret of this component");
			return;
		}
		if (domain.peer !== undefined) {
			if (this.#parts.options.componentConflict === "refuse") {
				this.stream.fail("conflict", `${domain.domain} is connected already`);
				return;
			}
			domain.peer.fail("conflict", `another connection for ${domain.domain} replaces this one`);
		}
		const { limits } = this.#parts.options;
		const peer = new StreamPeer(this.stream, Jid.parse(domain.domain), domain.domain, limits.maxComponentStanzaBytes);
		domain.peer = peer;
		this.stream.payer = peer.payer;
		this.#state = { state: "bound", domain, peer };
		this.#endLogin();
		this.stream.setLimits({
			maxStreamBytes: Number.POSITIVE_INFINITY,
			maxStanzaBytes: limits.maxComponentStanzaBytes,
		});
		this.#parts.context.log.info(`${this.stream.who} from ${this.stream.peer}: connected`);
		this.stream.send(xml("handshake", NS.client));
		this.#parts.onBound(peer);
	}

	#onClosed(): void {
		const before = this.#state;
		this.#state = { state: "closed" };
		this.#endLogin();
		if (before.state !== "bound") return;
		if (before.domain.peer === before.peer) before.domain.peer = undefined;
		this.#parts.onUnbound(before.peer);
	}
}

const sha256 = (text: string) => createHash("sha256").update(text).digest();
