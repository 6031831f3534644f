import { NS } from "@antiphon/protocol";
import { type Element, serialize, xml } from "@antiphon/xml";
import type { Writing } from "../streams/send-queue.js";
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
	/** Of what a client sees, as it is written. Requests are bounded by their number and by what is kept of one. */
	readonly maxBytes: number;
	readonly maxRequests: number;
}

/** The roster of one account (RFC 6121, section 2), with the requests that wait for an answer (section 3.1.3). Bounded. */
export class Roster {
	readonly #items = new Map<string, RosterItem>();
	readonly #bounds: RosterBounds;
	readonly #changed: () => void;
	#requests = 0;
	#bytes = 0;
	/** What {@link written} gave last, until something changes. */
	#written: Writing | undefined;

	/** @param changed called after every change, so that it can be stored */
	constructor(bounds: RosterBounds, items: readonly RosterItem[], changed: () => void) {
		this.#bounds = bounds;
		this.#changed = changed;
		for (const item of items) {
			this.#items.set(item.jid, item);
			this.#bytes += bytesOf(item);
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

	/**
	 * What a client sees, as the `<query/>` of an answer: written once, however often it is asked for, and kept until the
	 * next change. No longer than `maxBytes`, and what stands around the items.
	 */
	get written(): Writing {
		this.#written ??= writeQuery([...this.listed()]);
		return this.#written;
	}

	*all(): IterableIterator<RosterItem> {
		yield* this.#items.values();
	}

	/** @returns false, and changes nothing, when the roster is full */
	set(item: RosterItem): boolean {
		const before = this.#items.get(item.jid);
		const bytes = this.#bytes + bytesOf(item) - bytesOf(before);
		const requests = this.#requests + count(item.request) - count(before?.request);
		if (before === undefined && this.#items.size >= this.#bounds.maxItems) return false;
		if (requests > this.#requests && requests > this.#bounds.maxRequests) return false;
		if (bytes > this.#bytes && bytes > this.#bounds.maxBytes) return false;
		if (!item.listed && item.request === undefined) this.#items.delete(item.jid);
		else this.#items.set(item.jid, item);
		this.#requests = requests;
		this.#bytes = bytes;
		this.#written = undefined;
		this.#changed();
		return true;
	}

	delete(jid: string): void {
		const item = this.#items.get(jid);
		if (item === undefined) return;
		this.#items.delete(jid);
		this.#requests -= count(item.request);
		this.#bytes -= bytesOf(item);
		this.#written = undefined;
		this.#changed();
	}
}

function emptyItem(jid: string): RosterItem {
	return { jid, name: undefined, groups: [], subscription: "none", ask: false, request: undefined, listed: false };
}

/** An item as it goes on the wire (RFC 6121, section 2.1.2). */
export function rosterItem(item: RosterItem): Element {
	return xml(
		"item",
		NS.roster,
		{
			jid: item.jid,
			name: item.name,
			subscription: item.subscription,
			ask: item.ask ? "subscribe" : undefined,
		},
		...item.groups.map((group) => xml("group", NS.roster, {}, group)),
	);
}

function writeQuery(items: readonly RosterItem[]): Writing {
	const query = xml("query", NS.roster, {}, ...items.map((item) => rosterItem(item)));
	// By way of bytes, one flat string: what was written is a rope of all its pieces.
	const bytes = Buffer.from(serialize(query, NS.client));
	return { text: bytes.toString(), bytes: bytes.length };
}

/** Whatever the state of its subscription is, so that there is room for every state. */
function bytesOf(item: RosterItem | undefined): number {
	if (item?.listed !== true) return 0;
	return Buffer.byteLength(serialize(rosterItem({ ...item, subscription: "none", ask: true }), NS.roster));
}

const count = (request: string | undefined) => (request === undefined ? 0 : 1);
