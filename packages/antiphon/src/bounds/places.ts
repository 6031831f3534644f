import type { Jid } from "@antiphon/protocol";
import { Shares } from "./shares.js";

export interface PlacesParts<Item> {
	readonly max: number;
	/** The same for one account (bare JID). Left out: all of them, as long as nobody else wants one. */
	readonly maxPerAccount?: number;
	/** Who shares with whom. Default: the accounts of a domain. */
	readonly groupOf?: (who: Jid) => string;
	/** Something has lost its place to somebody who has fewer; it is not there any more. */
	readonly onLost: (item: Item) => void;
}

/** Which bound keeps something out. */
export type FullPlaces = "account" | "all";

/**
 * A bounded number of places, in all and for each account. Where all are taken, whoever has fewer gets that of who has most
 * ({@link Shares}): of the account that has to give one up, what came last. What is nobody's in particular takes a place
 * that is free, and is left alone.
 */
export class Places<Item> {
	readonly #parts: PlacesParts<Item>;
	readonly #shares: Shares;
	/** What is there, and whose it is. */
	readonly #items = new Map<Item, Jid | undefined>();
	/** By bare JID, in the order in which they came. */
	readonly #byAccount = new Map<string, Set<Item>>();

	constructor(parts: PlacesParts<Item>) {
		this.#parts = parts;
		this.#shares = new Shares(parts.groupOf);
	}

	get size(): number {
		return this.#items.size;
	}

	/** How many places the account of this address has. */
	of(who: Jid): number {
		return this.#shares.of(who);
	}

	/** Takes a place for something that has none. @returns which bound keeps it out, if one does */
	take(item: Item, who?: Jid): FullPlaces | undefined {
		const { max, maxPerAccount = max, onLost } = this.#parts;
		if (who !== undefined && this.of(who) >= maxPerAccount) return "account";
		const victim = this.size < max ? undefined : this.#victim(who);
		if (this.size >= max && victim === undefined) return "all";
		if (victim !== undefined) this.leave(victim.item);
		this.#items.set(item, who);
		if (who !== undefined) {
			this.#shares.take(who);
			const account = who.bare().toString();
			this.#byAccount.set(account, (this.#byAccount.get(account) ?? new Set()).add(item));
		}
		// Now that its place is taken: whoever hears of it may want one again.
		if (victim !== undefined) onLost(victim.item);
		return undefined;
	}

	/** Gives its place back. @returns whether it had one */
	leave(item: Item): boolean {
		const who = this.#items.get(item);
		const had = this.#items.delete(item);
		if (who === undefined) return had;
		const account = who.bare().toString();
		const same = this.#byAccount.get(account);
		same?.delete(item);
		if (same?.size === 0) this.#byAccount.delete(account);
		this.#shares.give(who);
		return true;
	}

	#victim(who: Jid | undefined): { readonly item: Item } | undefined {
		const crowding = who && this.#shares.crowding(who);
		if (crowding === undefined) return undefined;
		const [item] = [...(this.#byAccount.get(crowding.account) as Set<Item>)].slice(-1) as [Item];
		return { item };
	}
}
