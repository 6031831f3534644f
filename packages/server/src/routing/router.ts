import { Dispatcher, errorOf, Jid, type Log, resultOf, type StanzaError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { ServerLimits } from "../limits.js";
import type { RoutedStanza } from "../options.js";
import type { Accounts } from "../peers/accounts.js";
import type { Account, ClientSession } from "../peers/client-session.js";
import type { Components } from "../peers/components.js";
import type { Peer } from "../peers/peer.js";
import type { Writing } from "../streams/send-queue.js";
import { WireStanza } from "../streams/wire-stanza.js";
import type { Arrival, Handler } from "./arrival.js";
import { iqFault } from "./iq-rules.js";
import type { PresenceTable, PresenceType } from "./presence-table.js";
import { ANSWER_TOO_LARGE, NO_ROOM, NOBODY, TOO_LARGE } from "./refusals.js";

export interface RouterParts {
	readonly domain: string;
	readonly limits: ServerLimits;
	readonly accounts: Accounts;
	readonly components: Components;
	readonly presence: PresenceTable;
	readonly log: Log;
	readonly onStanza: ((routed: RoutedStanza) => void) | undefined;
}

/**
 * Brings each stanza to whom it is addressed (RFC 6120, section 10; RFC 6121, section 8): one look-up for a domain, an
 * account, a resource. What is addressed to the server or to a bare JID goes to the modules, by dispatcher.
 *
 * Nobody there is `service-unavailable`: type cancel for an account or resource, type wait for the domain of a component
 * that is not connected. A domain that this server does not have is `remote-server-not-found`. What is larger than may be
 * written is `policy-violation`, modify; what the receiver has no room for is `resource-constraint`, wait.
 */
export class Router {
	readonly #parts: RouterParts;
	readonly #serverJid: Jid;
	/** For stanzas to the server's domain, and to bare JIDs of accounts. */
	readonly server = new Dispatcher<Handler>();
	readonly account = new Dispatcher<Handler>();
	/** Stanzas routed since the start. */
	routed = 0;
	/** Copies of stanzas that found no room at their receivers since the start. */
	dropped = 0;

	constructor(parts: RouterParts) {
		this.#parts = parts;
		this.#serverJid = Jid.parse(parts.domain);
	}

	/** A stanza as a client sent it. */
	fromClient(session: ClientSession, stanza: Element): void {
		const claimed = stanza.attr("from");
		if (claimed !== undefined && claimed !== session.address) {
			const jid = Jid.tryParse(claimed);
			if (jid === undefined || !(jid.equals(session.jid) || jid.equals(session.account.jid))) {
				session.fail("invalid-from", "a client can send from its own JID only");
				return;
			}
		}
		const target = stanza.attr("to");
		const to = target === undefined ? undefined : Jid.tryParse(target);
		if (target !== undefined && to === undefined) {
			this.#malformed(stanza, session);
			return;
		}
		if (stanza.name === "presence") {
			this.#presenceFromClient(session, stanza, to);
			return;
		}
		// Without an address it is for the sender's own account (RFC 6120, section 10.3).
		const receiver = to ?? session.account.jid;
		this.#stampAndRoute(session, stanza, session.jid, receiver);
	}

	/** A stanza as a component sent it. */
	fromComponent(component: Peer, stanza: Element): void {
		const from = Jid.tryParse(stanza.attr("from"));
		const target = stanza.attr("to");
		if (from === undefined || target === undefined) {
			component.fail("improper-addressing", "a stanza of a component needs a valid from and a to");
			return;
		}
		if (from.domain !== component.jid.domain) {
			component.fail("invalid-from", `a component can send from its own domain ${component.jid} only`);
			return;
		}
		const to = Jid.tryParse(target);
		if (to === undefined) {
			this.#malformed(stanza, component);
			return;
		}
		// Receivers compare strings, so they get the one spelling of an address, as from a client.
		const asIs = from.toString() === stanza.attr("from") && to.toString() === target;
		const addressed = asIs ? stanza : stanza.with({ from: from.toString(), to: to.toString() });
		this.route(this.#wire(addressed, component), from, to, component);
	}

	/**
	 * Delivers a stanza that has its addresses.
	 * @param sender who gets the error if it cannot be delivered; nobody does when this is left out
	 */
	route(stanza: WireStanza, from: Jid, to: Jid, sender?: Peer): void {
		if (stanza.name === "iq") {
			const fault = iqFault(stanza.element);
			if (fault !== undefined) {
				this.#refuse(stanza, { type: "modify", condition: "bad-request", text: fault }, sender);
				return;
			}
		}
		this.#seen(stanza, from, to);
		if (to.domain === this.#parts.domain) {
			this.#local(stanza, from, to, sender);
			return;
		}
		const component = this.#parts.components.get(to.domain);
		if (component?.peer !== undefined) {
			this.deliver(stanza, [component.peer], from, sender);
		} else if (component !== undefined) {
			const text = `no component is connected for ${to.domain}`;
			this.#refuse(stanza, { type: "wait", condition: "service-unavailable", text }, sender);
		} else {
			const text = `this server does not serve ${to.domain}`;
			this.#refuse(stanza, { type: "cancel", condition: "remote-server-not-found", text }, sender);
		}
	}

	/**
	 * Hands a stanza to whom it is for. What a peer sends to itself, or asked for, is its own; of anything else the queue of
	 * a receiver takes only so much (`ServerLimits.maxQueuedBytes`). Presence that finds no room is dropped.
	 */
	deliver(stanza: WireStanza, receivers: readonly Peer[], from: Jid, sender: Peer | undefined): void {
		let lost = 0;
		for (const receiver of receivers) {
			const delivery =
				receiver === sender ? receiver.send(stanza) : receiver.offer(stanza, sender?.payer ?? from.bare().toString());
			if (delivery === "too-large") {
				this.#refuse(stanza, TOO_LARGE, sender);
				return;
			}
			if (delivery === "no-room") lost++;
		}
		if (lost === 0) return;
		this.dropped += lost;
		if (lost === receivers.length && stanza.name !== "presence") this.#refuse(stanza, NO_ROOM, sender);
	}

	/** The addresses of a presence stanza depend on its type, and modules may have to act on it. */
	#presenceFromClient(session: ClientSession, stanza: Element, to: Jid | undefined): void {
		const type = stanza.attr("type") ?? "available";
		if (type === "error") {
			if (to !== undefined) this.#stampAndRoute(session, stanza, session.jid, to);
			return;
		}
		const rule = this.#parts.presence.get(type);
		if (rule === undefined) {
			const text = "the type of this presence is unknown";
			const refused = this.#wire(stanza.with({ from: session.address }), session);
			this.#refuse(refused, { type: "modify", condition: "bad-request", text }, session);
			return;
		}
		const from = rule.bare ? session.account.jid : session.jid;
		const receiver = rule.bare ? to?.bare() : to;
		const stamped = this.#wire(stanza.with({ from: from.toString(), to: receiver?.toString() }), session);
		const refuse = (error: StanzaError) => this.#refuse(stamped, error, session);
		if (stamped.writing === undefined) {
			refuse(TOO_LARGE);
			return;
		}
		if (receiver === undefined) this.#seen(stamped, from, session.account.jid);
		rule.outgoing({ session, stanza: stamped, from, to: receiver, refuse });
	}

	#stampAndRoute(session: ClientSession, stanza: Element, from: Jid, to: Jid): void {
		this.route(this.#wire(stanza.with({ from: from.toString(), to: to.toString() }), session), from, to, session);
	}

	#wire(stanza: Element, sender: Peer): WireStanza {
		return WireStanza.of(stanza, this.#parts.limits, sender.maxStanzaBytes);
	}

	#local(stanza: WireStanza, from: Jid, to: Jid, sender: Peer | undefined): void {
		if (to.local === undefined) {
			this.#dispatch(this.server, stanza, from, to, undefined, sender);
			return;
		}
		const account = this.#parts.accounts.get(to.local);
		if (account === undefined) {
			if (stanza.name !== "presence") this.#refuse(stanza, NOBODY, sender);
			return;
		}
		if (stanza.name === "presence") {
			this.#presenceTo(account, stanza, from, to, sender);
			return;
		}
		if (to.resource !== undefined) {
			const session = account.sessions.get(to.resource);
			if (session !== undefined) {
				this.deliver(stanza, [session], from, sender);
				return;
			}
			// What becomes of a message to a resource that is gone is the message module's business.
			if (stanza.name === "iq") {
				this.#refuse(stanza, NOBODY, sender);
				return;
			}
		}
		this.#dispatch(this.account, stanza, from, to, account, sender);
	}

	#presenceTo(account: Account, stanza: WireStanza, from: Jid, to: Jid, sender: Peer | undefined): void {
		const type = stanza.type ?? "available";
		const rule = this.#parts.presence.get(type as PresenceType);
		if (to.resource !== undefined && rule?.bare !== true) {
			const session = account.sessions.get(to.resource);
			if (session !== undefined) this.deliver(stanza, [session], from, sender);
		} else {
			rule?.incoming(this.#arrival(stanza, undefined, from, to, account, sender));
		}
	}

	#dispatch(
		dispatcher: Dispatcher<Handler>,
		stanza: WireStanza,
		from: Jid,
		to: Jid,
		account: Account | undefined,
		sender: Peer | undefined,
	): void {
		const match = dispatcher.find(stanza.element);
		if (match !== undefined) match.handler(this.#arrival(stanza, match.payload, from, to, account, sender));
		else if (stanza.name !== "presence") this.#refuse(stanza, NOBODY, sender);
	}

	#arrival(
		stanza: WireStanza,
		payload: Element | undefined,
		from: Jid,
		to: Jid,
		account: Account | undefined,
		sender: Peer | undefined,
	): Arrival {
		return {
			stanza,
			payload,
			from,
			to,
			account,
			sender,
			deliver: (receivers) => this.deliver(stanza, receivers, from, sender),
			reply: (result) => {
				if (!this.#answer(resultOf(stanza.element, result), sender)) this.#refuse(stanza, ANSWER_TOO_LARGE, sender);
			},
			replyWritten: (result) => {
				if (!this.#answer(resultOf(stanza.element), sender, result)) this.#refuse(stanza, ANSWER_TOO_LARGE, sender);
			},
			refuse: (error) => this.#refuse(stanza, error, sender),
		};
	}

	/** `to` is no JID: it is not echoed either, because many a client breaks on an address that is none. */
	#malformed(stanza: Element, sender: Peer): void {
		const from = stanza.attr("from") ?? sender.jid.toString();
		const error: StanzaError = { type: "modify", condition: "jid-malformed", text: "the address in to is no JID" };
		this.#refuse(this.#wire(stanza.with({ from, to: this.#parts.domain }), sender), error, sender);
	}

	/** Never an error for an error or a result (RFC 6120, sections 8.2.3 and 8.3.1). */
	#refuse(stanza: WireStanza, error: StanzaError, sender: Peer | undefined): void {
		const { type } = stanza;
		if (sender === undefined || type === "error" || (stanza.name === "iq" && type === "result")) return;
		if (this.#answer(errorOf(stanza.element, error), sender)) return;
		sender.fail("policy-violation", "the id of a stanza is too large to be given back with an error");
	}

	/**
	 * @param payload of an answer that has no children
	 * @returns false, and sends nothing, when it is larger than may be written
	 */
	#answer(answer: Element, sender: Peer | undefined, payload?: Writing): boolean {
		if (sender === undefined) return true;
		const { limits } = this.#parts;
		const wire =
			payload === undefined
				? this.#wire(answer, sender)
				: WireStanza.around(answer, limits, sender.maxStanzaBytes, payload);
		if (sender.send(wire) === "too-large") return false;
		this.#seen(wire, Jid.tryParse(answer.attr("from")) ?? this.#serverJid, sender.jid);
		return true;
	}

	#seen(stanza: WireStanza, from: Jid, to: Jid): void {
		this.routed++;
		const { onStanza } = this.#parts;
		if (onStanza === undefined) return;
		try {
			onStanza({ from: from.toString(), to: to.toString(), stanza: stanza.element });
		} catch (error) {
			this.#parts.log.error(`onStanza threw, look at the code that was passed in: ${String(error)}`);
		}
	}
}
