import { BusError, errorOf, isStanza, Jid, presence, resolveNumbers, type StanzaCondition } from "@antiphon/protocol";
import { type Element, parseElement, serialize } from "@antiphon/xml";
import type { Link, LinkEvents, LinkState } from "./link.js";
import { Listener } from "./listener.js";
import { DEFAULT_MAX_STANZA_BYTES } from "./options.js";
import { stanzaId } from "./stanza-id.js";

/** What may wait for one link, in stanzas and in bytes. Above it the sender gets `overloaded`. */
const MAX_WAITING = 65_536;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** As for a link over a socket. Here what waits is taken in the next turn, unless the process is that busy. */
const RETRY_AFTER_MS = 1000;
const DEFAULTS: Required<MemoryBusOptions> = { maxStanzaBytes: DEFAULT_MAX_STANZA_BYTES };

export interface MemoryBus {
	/**
	 * A link of this address. `domain` alone: the link owns the domain and every address in it, as a component does.
	 * `local@domain/resource`: a client; without resource it gets one.
	 * @throws BusError `invalid-argument` for anything else
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
 * @throws BusError `invalid-argument`
 */
export function memoryBus(options: MemoryBusOptions = {}): MemoryBus {
	const router = new MemoryRouter(resolveNumbers(DEFAULTS, options, "options").maxStanzaBytes);
	return {
		link(text) {
			const jid = Jid.tryParse(text);
			if (jid === undefined || (jid.local === undefined && jid.resource !== undefined)) {
				throw new BusError("invalid-argument", `a link's address is a domain or local@domain/resource, not ${text}`);
			}
			return new MemoryLink(router, jid);
		},
	};
}

class MemoryRouter {
	readonly maxStanzaBytes: number;
	/** By full JID for clients, by domain for owners. */
	readonly #links = new Map<string, MemoryLink>();

	constructor(maxStanzaBytes: number) {
		this.maxStanzaBytes = maxStanzaBytes;
	}

	/** @throws BusError `conflict` when somebody has this address, or owns its domain */
	join(jid: Jid, link: MemoryLink): void {
		for (const taken of [jid.toString(), jid.domain]) {
			const holder = this.#links.get(taken);
			if (holder !== undefined && holder !== link) throw new BusError("conflict", `${taken} is taken on this bus`);
		}
		this.#links.set(jid.toString(), link);
	}

	/** Nobody owns this domain, and nobody has an address in it. */
	isFree(domain: string): boolean {
		return [...this.#links.keys()].every((address) => Jid.parse(address).domain !== domain);
	}

	leave(link: MemoryLink): void {
		for (const [key, member] of this.#links) if (member === link) this.#links.delete(key);
	}

	/**
	 * Delivers, or answers with the error an XMPP server would give (RFC 6121, section 8.5).
	 * @param bytes the size of the stanza
	 */
	route(stanza: Element, bytes: number, sender: MemoryLink): void {
		const to = Jid.tryParse(stanza.attr("to"));
		const target = to && (this.#links.get(to.toString()) ?? this.#links.get(to.domain));
		if (target === undefined) {
			this.#refuse(stanza, sender, to === undefined ? "jid-malformed" : "service-unavailable");
		} else if (!target.deliver(stanza, bytes)) {
			throw new BusError("overloaded", `too many stanzas wait for ${to} already`, { retryAfterMs: RETRY_AFTER_MS });
		}
	}

	/** Tells somebody that an address has gone. Whose queue is full misses that. */
	farewell(from: string, to: string): void {
		const jid = Jid.tryParse(to);
		const target = jid && (this.#links.get(jid.toString()) ?? this.#links.get(jid.domain));
		target?.deliver(presence({ from, to, type: "unavailable" }), 0);
	}

	#refuse(stanza: Element, sender: MemoryLink, condition: StanzaCondition): void {
		const type = stanza.attr("type");
		const wantsAnswer = stanza.name === "iq" ? type === "get" || type === "set" : type !== "error";
		if (wantsAnswer && stanza.name !== "presence") {
			sender.deliver(errorOf(stanza, { condition, type: "cancel" }), 0);
		}
	}
}

/** Addresses to which one link can show itself; to more it can, but they are not told when it goes. */
const MAX_SHOWN_TO = 1_000;

class MemoryLink implements Link {
	readonly kind = "memory";
	/** What is sent is with its receiver at once, and waits there. */
	readonly backlog = 0;
	readonly #router: MemoryRouter;
	readonly #jid: Jid;
	readonly #listener = new Listener("a memory link");
	#ownedDomain: string | undefined;
	/** To whom it has shown itself, and who is therefore told when it goes (RFC 6121, section 4.6.3). */
	readonly #shownTo = new Set<string>();
	#inbox: Element[] = [];
	#inboxBytes = 0;
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
		const jid = Jid.of(undefined, domain);
		if (this.#state.state === "online" && this.#ownedDomain === undefined && this.#router.isFree(jid.domain)) {
			this.#router.join(jid, this);
			this.#ownedDomain = jid.domain;
		}
		return this.#ownedDomain === jid.domain;
	}

	async open(events: LinkEvents): Promise<void> {
		if (this.#state.state !== "idle") throw new BusError("invalid-argument", "a link can be opened once only");
		this.#router.join(this.#jid, this);
		this.#listener.listen(events);
		this.#become({ state: "connecting", attempt: 1 });
		this.#become({ state: "online", jid: this.#jid });
	}

	send(stanza: Element): void {
		if (this.#state.state !== "online") throw new BusError("link-lost", "the link is closed", { executed: "no" });
		if (!isStanza(stanza))
			throw new BusError("invalid-argument", `not a stanza: <${stanza.name} xmlns='${stanza.ns}'>`);
		const bytes = Buffer.from(serializeOrRefuse(this.#stamp(stanza)));
		if (bytes.length > this.maxStanzaBytes) {
			throw new BusError("too-large", `the stanza has ${bytes.length} bytes; the bus takes ${this.maxStanzaBytes}`);
		}
		const parsed = this.#parse(bytes);
		this.#router.route(parsed, bytes.length, this);
		if (parsed.name === "presence") this.#remember(parsed);
	}

	/** Queues a stanza. @returns false when the queue is full */
	deliver(stanza: Element, bytes: number): boolean {
		if (this.#inbox.length >= MAX_WAITING || this.#inboxBytes + bytes > MAX_WAITING_BYTES) return false;
		this.#inbox.push(stanza);
		this.#inboxBytes += bytes;
		if (this.#inbox.length === 1) setImmediate(() => this.#drain());
		return true;
	}

	async close(): Promise<void> {
		this.destroy();
	}

	destroy(cause?: BusError): void {
		if (this.#state.state === "closed") return;
		for (const to of this.#shownTo) this.#router.farewell(this.#jid.toString(), to);
		this.#router.leave(this);
		this.#become(cause === undefined ? { state: "closed" } : { state: "closed", cause });
		this.#takeInbox();
	}

	#drain(): void {
		for (const stanza of this.#takeInbox()) {
			if (this.#state.state !== "online") return;
			this.#listener.tell((events) => events.onStanza(stanza));
		}
	}

	/** Parsed for the sender, who is told: on a wire, what no parser takes would end its stream. */
	#parse(bytes: Buffer): Element {
		try {
			return parseElement(bytes, { maxStanzaBytes: this.maxStanzaBytes });
		} catch (cause) {
			throw new BusError("invalid-argument", `the bus refuses the stanza: ${BusError.from(cause).message}`, { cause });
		}
	}

	#takeInbox(): Element[] {
		const inbox = this.#inbox;
		this.#inbox = [];
		this.#inboxBytes = 0;
		return inbox;
	}

	#remember(shown: Element): void {
		const to = shown.attr("to");
		const type = shown.attr("type");
		if (to === undefined) return;
		if (type === "unavailable") this.#shownTo.delete(to);
		else if (type === undefined && this.#shownTo.size < MAX_SHOWN_TO) this.#shownTo.add(to);
	}

	/** `from` is the sender's own address; an owner of a domain may use any in it (XEP-0114, section 3). */
	#stamp(stanza: Element): Element {
		const from = this.#ownedDomain === undefined ? undefined : Jid.tryParse(stanza.attr("from"));
		if (from !== undefined && from.domain === this.#ownedDomain) return stanza;
		return stanza.with({ from: this.#jid.toString() });
	}

	#become(state: LinkState): void {
		this.#state = state;
		this.#listener.tell((events) => events.onState(state));
	}
}

function serializeOrRefuse(stanza: Element): string {
	try {
		return serialize(stanza);
	} catch (cause) {
		throw new BusError("invalid-argument", `the stanza cannot be written: ${BusError.from(cause).message}`, { cause });
	}
}
