import { type Jid, Ranking } from "@antiphon/protocol";

/** Who has more than is fair: a bare JID, and its group. */
export interface Crowding {
	readonly group: string;
	readonly account: string;
}

/**
 * Who has how many of the places of something bounded, by account (bare JID) and by group, and who has to give one up when
 * all are taken: of the group with most the account with most, for whoever has fewer, one more included. A group is a domain
 * unless told otherwise. So it takes as many domains as there are places to keep one more out, and as many accounts to keep
 * out another of the same domain.
 */
export class Shares {
	readonly #groupOf: (who: Jid) => string;
	readonly #groups = new Ranking();
	readonly #accounts = new Map<string, Ranking>();

	constructor(groupOf: (who: Jid) => string = ({ domain }) => domain) {
		this.#groupOf = groupOf;
	}

	/** How many places the account of this address has. */
	of(who: Jid): number {
		return this.#accounts.get(this.#groupOf(who))?.of(who.bare().toString()) ?? 0;
	}

	/** It has one more. */
	take(who: Jid): void {
		const group = this.#groupOf(who);
		this.#groups.add(group);
		const accounts = this.#accounts.get(group) ?? new Ranking();
		accounts.add(who.bare().toString());
		this.#accounts.set(group, accounts);
	}

	/** It has one fewer. */
	give(who: Jid): void {
		if (this.of(who) === 0) return;
		const group = this.#groupOf(who);
		this.#groups.remove(group);
		this.#accounts.get(group)?.remove(who.bare().toString());
		if (this.#groups.of(group) === 0) this.#accounts.delete(group);
	}

	/** @returns the account that has to give up one of its places for this one; `undefined` if none has more than is fair */
	crowding(who: Jid): Crowding | undefined {
		const largest = this.#groups.most;
		if (largest === undefined) return undefined;
		const own = this.#groupOf(who);
		const isOthers = this.#groups.of(largest) > this.#groups.of(own) + 1;
		const group = isOthers ? largest : own;
		const accounts = this.#accounts.get(group);
		const account = accounts?.most;
		if (accounts === undefined || account === undefined) return undefined;
		return isOthers || accounts.of(account) > this.of(who) + 1 ? { group, account } : undefined;
	}
}
