import type { Jid } from "@antiphon/protocol";
import { Ranking } from "./ranking.js";

/** Who has more than is fair: a bare JID, and its domain. */
export interface Crowding {
	readonly domain: string;
	readonly account: string;
}

/**
 * Who has how many of the places of something bounded, by account (bare JID) and by domain, and who has to give one up when
 * all are taken: of the domain with most the account with most, for whoever has fewer, one more included. So it takes as
 * many domains as there are places to keep one more out, and as many accounts to keep out another of the same domain.
 */
export class Shares {
	readonly #domains = new Ranking();
	readonly #accounts = new Map<string, Ranking>();

	/** How many places the account of this address has. */
	of(who: Jid): number {
		return this.#accounts.get(who.domain)?.of(who.bare().toString()) ?? 0;
	}

	/** It has one more. */
	take(who: Jid): void {
		this.#domains.add(who.domain);
		const accounts = this.#accounts.get(who.domain) ?? new Ranking();
		accounts.add(who.bare().toString());
		this.#accounts.set(who.domain, accounts);
	}

	/** It has one fewer. */
	give(who: Jid): void {
		if (this.of(who) === 0) return;
		this.#domains.remove(who.domain);
		this.#accounts.get(who.domain)?.remove(who.bare().toString());
		if (this.#domains.of(who.domain) === 0) this.#accounts.delete(who.domain);
	}

	/** @returns the account that has to give up one of its places for this one; `undefined` if none has more than is fair */
	crowding(who: Jid): Crowding | undefined {
		const largest = this.#domains.most;
		if (largest === undefined) return undefined;
		const isOthers = this.#domains.of(largest) > this.#domains.of(who.domain) + 1;
		const domain = isOthers ? largest : who.domain;
		const accounts = this.#accounts.get(domain);
		const account = accounts?.most;
		if (accounts === undefined || account === undefined) return undefined;
		return isOthers || accounts.of(account) > this.of(who) + 1 ? { domain, account } : undefined;
	}
}
