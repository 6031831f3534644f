import type { Subscription } from "./subscription.js";

export interface RosterItem {
	/** A bare JID. */
	readonly jid: string;
	readonly name: string | undefined;
	readonly groups: readonly string[];
	readonly subscription: Subscription;
	/** Our request to see the contact's presence has not been answered: `ask='subscribe'`. */
	readonly ask: boolean;
	/**
	 * The contact's request to see our presence, serialized, while we have not answered it. Set when there is nothing
	 * but a request, the item is not part of the roster that a client sees.
	 */
	readonly request: string | undefined;
	/** The user put it there, or a subscription did: it is shown. */
	readonly listed: boolean;
}

export interface RosterBounds {
	readonly maxItems: number;
	readonly maxRequests: number;
}

/** The roster of one account (RFC 6121, section 2), with the requests that wait for an answer (section 3.1.3). Bounded. */
export class Roster {
	readonly #items = new Map<string, RosterItem>();
	readonly #bounds: RosterBounds;
	readonly #changed: () => void;
	#requests = 0;

	/** @param changed called after every change, so that it can be stored */
	constructor(bounds: RosterBounds, items: readonly RosterItem[], changed: () => void) {
		this.#bounds = bounds;
		this.#changed = changed;
		for (const item of items) {
			this.#items.set(item.jid, item);
			if (item.request !== undefined) this.#requests++;
		}
	}

	/** What the roster says about a contact; an empty item for one that it does not hold. */
	get(jid: string): RosterItem {
		return this.#items.get(jid) ?? emptyItem(jid);
	}

	/** What a client sees. */
	*listed(): IterableIterator<RosterItem> {
		for (const item of this.#items.values()) if (item.listed) yield item;
	}

	*all(): IterableIterator<RosterItem> {
		yield* this.#items.values();
	}

	/** @returns false, and changes nothing, when the roster is full */
	set(item: RosterItem): boolean {
		const before = this.#items.get(item.jid);
		const requests = this.#requests + count(item.request) - count(before?.request);
		if (before === undefined && this.#items.size >= this.#bounds.maxItems) return false;
		if (requests > this.#requests && requests > this.#bounds.maxRequests) return false;
		if (!item.listed && item.request === undefined) this.#items.delete(item.jid);
		else this.#items.set(item.jid, item);
		this.#requests = requests;
		this.#changed();
		return true;
	}

	delete(jid: string): void {
		const item = this.#items.get(jid);
		if (item === undefined) return;
		this.#items.delete(jid);
		this.#requests -= count(item.request);
		this.#changed();
	}
}

function emptyItem(jid: string): RosterItem {
	return { jid, name: undefined, groups: [], subscription: "none", ask: false, request: undefined, listed: false };
}

const count = (request: string | undefined) => (request === undefined ? 0 : 1);
