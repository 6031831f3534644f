import { BusError, errorOf, isStanza, Jid, type StanzaCondition } from "@antiphon/protocol";
import { type Element, parseElement, serialize } from "@antiphon/xml";
import type { Link, LinkEvents, LinkState } from "./link.js";
import { stanzaId } from "./stanza-id.js";

/** Stanzas that may wait for one link. Above it the sender gets `overloaded`. */
const MAX_WAITING = 65_536;
const DEFAULT_MAX_STANZA_BYTES = 65_536;

export interface MemoryBus {
	/**
	 * A link of this address. `domain` alone: the link owns the domain and every address in it, as a component does.
	 * `local@domain/resource`: a client; without resource it gets one.
	 */
	link(jid: string): Link;
}

export interface MemoryBusOptions {
	/** The largest stanza the bus takes, in bytes. Default 65,536. */
	readonly maxStanzaBytes?: number;
}

/**
 * A bus inside one process, with the addressing and the errors of an XMPP server. Every stanza is serialised and parsed
 * again, so that what works here works on a wire.
 */
export function memoryBus(options: MemoryBusOptions = {}): MemoryBus {
	const router = new MemoryRouter(options.maxStanzaBytes ?? DEFAULT_MAX_STANZA_BYTES);
	return { link: (jid) => new MemoryLink(router, Jid.parse(jid)) };
}

class MemoryRouter {
	readonly maxStanzaBytes: number;
	/** By full JID for clients, by domain for owners. */
	readonly #links = new Map<string, MemoryLink>();

	constructor(maxStanzaBytes: number) {
		this.maxStanzaBytes = maxStanzaBytes;
	}

	/** @throws BusError `conflict` */
	join(jid: Jid, link: MemoryLink): void {
		const holder = this.#links.get(jid.toString());
		if (holder !== undefined && holder !== link) throw new BusError("conflict", `${jid} is taken on this bus`);
		this.#links.set(jid.toString(), link);
	}

	isFree(domain: string): boolean {
		return !this.#links.has(domain);
	}

	leave(link: MemoryLink): void {
		for (const [key, member] of this.#links) if (member === link) this.#links.delete(key);
	}

	/** Delivers, or answers with the error an XMPP server would give (RFC 6121, section 8.5). */
	route(stanza: Element, sender: MemoryLink): void {
		const to = Jid.tryParse(stanza.attr("to"));
		const target = to && (this.#links.get(to.toString()) ?? this.#links.get(to.domain));
		if (target === undefined) {
			this.#refuse(stanza, sender, to === undefined ? "jid-malformed" : "service-unavailable");
		} else if (!target.deliver(stanza)) {
			throw new BusError("overloaded", `${MAX_WAITING} stanzas wait for ${to} already`, { executed: "no" });
		}
	}

	#refuse(stanza: Element, sender: MemoryLink, condition: StanzaCondition): void {
		const type = stanza.attr("type");
		const wantsAnswer = stanza.name === "iq" ? type === "get" || type === "set" : type !== "error";
		if (wantsAnswer && stanza.name !== "presence") sender.deliver(errorOf(stanza, { condition, type: "cancel" }));
	}
}

class MemoryLink implements Link {
	readonly kind = "memory";
	readonly #router: MemoryRouter;
	readonly #jid: Jid;
	#ownedDomain: string | undefined;
	readonly #inbox: string[] = [];
	#events: LinkEvents | undefined;
	#state: LinkState = { state: "idle" };

	constructor(router: MemoryRouter, jid: Jid) {
		this.#router = router;
		this.#jid = jid.local === undefined || jid.resource !== undefined ? jid : jid.withResource(stanzaId());
		this.#ownedDomain = jid.local === undefined ? jid.domain : undefined;
	}

	get state(): LinkState {
		return this.#state;
	}

	get maxStanzaBytes(): number {
		return this.#router.maxStanzaBytes;
	}

	get ownedDomain(): string | undefined {
		return this.#ownedDomain;
	}

	claim(domain: string): boolean {
		if (this.#ownedDomain === undefined && this.#router.isFree(domain)) {
			this.#router.join(Jid.of(undefined, domain), this);
			this.#ownedDomain = domain;
		}
		return this.#ownedDomain === domain;
	}

	async open(events: LinkEvents): Promise<void> {
		if (this.#state.state !== "idle") throw new Error("a link is opened once");
		this.#router.join(this.#jid, this);
		this.#events = events;
		this.#become({ state: "connecting", attempt: 1 });
		this.#become({ state: "online", jid: this.#jid });
	}

	send(stanza: Element): void {
		if (this.#state.state !== "online") throw new BusError("link-lost", "the link is closed", { executed: "no" });
		const stamped = this.#stamp(stanza);
		const bytes = Buffer.byteLength(serializeOrRefuse(stamped));
		if (bytes > this.maxStanzaBytes) {
			throw new BusError("too-large", `the stanza has ${bytes} bytes; the bus takes ${this.maxStanzaBytes}`, {
				executed: "no",
			});
		}
		this.#router.route(stamped, this);
	}

	/** Queues a stanza as text. @returns false when the queue is full */
	deliver(stanza: Element): boolean {
		if (this.#inbox.length >= MAX_WAITING) return false;
		this.#inbox.push(serialize(stanza));
		if (this.#inbox.length === 1) setImmediate(() => this.#drain());
		return true;
	}

	async close(): Promise<void> {
		this.destroy();
	}

	destroy(cause?: BusError): void {
		if (this.#state.state === "closed") return;
		this.#router.leave(this);
		this.#become(cause === undefined ? { state: "closed" } : { state: "closed", cause });
		this.#inbox.length = 0;
	}

	#drain(): void {
		const batch = this.#inbox.splice(0);
		for (const text of batch) {
			if (this.#state.state !== "online") return;
			const stanza = parseElement(text);
			if (isStanza(stanza)) this.#events?.onStanza(stanza);
		}
	}

	/** `from` is the sender's own address; an owner of a domain may use any in it (XEP-0114, section 3). */
	#stamp(stanza: Element): Element {
		const from = Jid.tryParse(stanza.attr("from"));
		if (this.ownedDomain !== undefined && from?.domain === this.ownedDomain) return stanza;
		return stanza.with({ from: this.#jid.toString() });
	}

	#become(state: LinkState): void {
		this.#state = state;
		this.#events?.onState(state);
	}
}

function serializeOrRefuse(stanza: Element): string {
	try {
		return serialize(stanza);
	} catch (cause) {
		throw new BusError("invalid-argument", `the stanza cannot be written: ${BusError.from(cause).message}`, { cause });
	}
}
