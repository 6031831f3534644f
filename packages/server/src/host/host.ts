import { type Jid, type Log, Scope, type StanzaKind } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { ServerLimits } from "../limits.js";
import type { Accounts } from "../peers/accounts.js";
import type { Account, ClientSession } from "../peers/client-session.js";
import type { ComponentDomain, Components } from "../peers/components.js";
import type { Peer } from "../peers/peer.js";
import type { Handler } from "../routing/arrival.js";
import type { PresenceRule, PresenceTable, PresenceType } from "../routing/presence-table.js";
import type { Router } from "../routing/router.js";
import { WireStanza } from "../streams/wire-stanza.js";
import type { Features, Where } from "./features.js";
import type { HookName, Hooks } from "./hooks.js";

/** What the server is made of, as far as modules may use it. */
export interface ServerParts {
	readonly domain: string;
	readonly limits: ServerLimits;
	readonly log: Log;
	readonly accounts: Accounts;
	readonly components: Components;
	readonly router: Router;
	readonly presence: PresenceTable;
	readonly features: Features;
	readonly hooks: Hooks;
	now(): number;
	peers(): Iterable<Peer>;
}

/** A capability of the server, one file each: it registers what it does with its host, and that is undone when it goes. */
export type ServerModule = (host: ModuleHost) => void;

/** A module's only way to the server. */
export class ModuleHost implements Disposable {
	readonly #parts: ServerParts;
	readonly #scope = new Scope();

	constructor(parts: ServerParts) {
		this.#parts = parts;
	}

	get domain(): string {
		return this.#parts.domain;
	}

	get limits(): ServerLimits {
		return this.#parts.limits;
	}

	get log(): Log {
		return this.#parts.log;
	}

	/** Takes stanzas of this kind and payload for the server's domain or for the bare JIDs of accounts. */
	serve(where: Where, kind: StanzaKind, payload: { ns: string; name: string } | undefined, handler: Handler): void {
		const route = payload === undefined ? { kind, handler } : { kind, payload, handler };
		this.#scope.defer(this.#parts.router[where].add(route));
	}

	/** What happens to presence of a type. */
	presence(type: PresenceType, rule: PresenceRule): void {
		this.#scope.defer(this.#parts.presence.add(type, rule));
	}

	/** Announces a feature in the answers to disco#info (XEP-0030). */
	feature(where: Where, feature: string): void {
		this.#scope.defer(this.#parts.features.add(where, feature));
	}

	features(where: Where): readonly string[] {
		return this.#parts.features.list(where);
	}

	/** Calls back when a session binds or closes, see {@link HookName}. */
	on(hook: HookName, listener: (session: ClientSession) => void): void {
		this.#scope.defer(this.#parts.hooks.on(hook, listener));
	}

	/** Tells the other modules. */
	emit(hook: HookName, session: ClientSession): void {
		this.#parts.hooks.emit(hook, session);
	}

	every(intervalMs: number, run: () => void): void {
		const timer = setInterval(() => {
			try {
				run();
			} catch (error) {
				this.log.error(`a fault in the server, please report it: ${error instanceof Error ? error.stack : error}`);
			}
		}, intervalMs);
		this.#scope.defer(() => clearInterval(timer));
	}

	/** Milliseconds of a clock that only goes forward. */
	now(): number {
		return this.#parts.now();
	}

	/** Everybody who is logged in. */
	peers(): Iterable<Peer> {
		return this.#parts.peers();
	}

	/** The component domains that have a component now. */
	components(): readonly ComponentDomain[] {
		return this.#parts.components.connected();
	}

	/** The account that a JID belongs to, if it is one of this server's. */
	accountOf(jid: Jid): Account | undefined {
		return jid.domain === this.domain && jid.local !== undefined ? this.#parts.accounts.get(jid.local) : undefined;
	}

	/** A stanza that the server itself composed. */
	compose(stanza: Element): WireStanza {
		return WireStanza.of(stanza, this.limits, this.limits.maxStanzaBytes);
	}

	/**
	 * Routes a stanza.
	 * @param sender who caused it: gets the error if it cannot be delivered; left out, it is lost quietly
	 */
	route(stanza: WireStanza, from: Jid, to: Jid, sender?: Peer): void {
		this.#parts.router.route(stanza, from, to, sender);
	}

	/** Hands a stanza to sessions, without routing. */
	deliver(stanza: WireStanza, receivers: readonly Peer[], from: Jid, sender?: Peer): void {
		this.#parts.router.deliver(stanza, receivers, from, sender);
	}

	[Symbol.dispose](): void {
		this.#scope[Symbol.dispose]();
	}
}
