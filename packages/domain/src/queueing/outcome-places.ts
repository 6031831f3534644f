import { type Jid, shareGroup, Tally } from "@antiphon/protocol";
import { Places } from "antiphon/modules";

/** What one place is for, in bytes: what is told takes one for each that it has begun. */
const PLACE_BYTES = 16 * 1024;
/** So many stanzas at most are under way to callers, and 16 MiB. */
export const MAX_OUTCOME_PLACES = 1_024;
const MAX_OF_ACCOUNT = 256;
const MAX_OF_ADDRESS = 64;
/** Of the accounts of one foreign domain, and of all of them. */
const MAX_OF_DOMAIN = 256;
const MAX_OF_FOREIGNERS = 512;

interface Place<Told> {
	readonly told: Told;
}

/**
 * The places of what callers are told and have not received: bounded in all, for each account, each of its addresses, each
 * foreign domain and all of these. Whoever has fewer than others takes one of theirs ({@link Places}).
 */
export class OutcomePlaces<Told extends object> {
	readonly #home: string;
	readonly #places: Places<Place<Told>>;
	readonly #held = new Map<Told, { readonly to: Jid; readonly places: Place<Told>[] }>();
	readonly #tally = new Tally();

	/**
	 * @param home the domain whose bus this is
	 * @param onLost it has lost its places to somebody who has fewer
	 */
	constructor(home: string, onLost: (told: Told) => void) {
		this.#home = home;
		this.#places = new Places({
			max: MAX_OUTCOME_PLACES,
			maxPerAccount: MAX_OF_ACCOUNT,
			groupOf: (who) => shareGroup(who.bare().toString(), home),
			onLost: ({ told }) => {
				this.leave(told);
				onLost(told);
			},
		});
	}

	/** Those that are taken. */
	get size(): number {
		return this.#places.size;
	}

	/**
	 * Takes as many places as so many bytes need, with those that it has: of what is larger than an address has room for, all of
	 * that. @returns whether there are so many; if not, it has what it had
	 */
	take(told: Told, to: Jid, bytes: number): boolean {
		const held = this.#held.get(told) ?? { to, places: [] };
		this.#held.set(told, held);
		const had = held.places.length;
		const needed = Math.min(Math.ceil(bytes / PLACE_BYTES), MAX_OF_ADDRESS);
		while (held.places.length < needed) {
			const place = { told };
			if (!this.#isFree(to) || this.#places.take(place, to) !== undefined) {
				this.#giveBack(told, had);
				return false;
			}
			held.places.push(place);
			this.#count(to, 1);
		}
		return true;
	}

	/** Gives all its places back. */
	leave(told: Told): void {
		this.#giveBack(told, 0);
	}

	/** All but so many. */
	#giveBack(told: Told, left: number): void {
		const held = this.#held.get(told);
		if (held === undefined) return;
		for (const place of held.places.splice(left)) {
			this.#places.leave(place);
			this.#count(held.to, -1);
		}
		if (left === 0) this.#held.delete(told);
	}

	#isFree(to: Jid): boolean {
		return this.#bounds(to).every(([key, most]) => this.#tally.of(key) < most);
	}

	#count(to: Jid, by: 1 | -1): void {
		for (const [key] of this.#bounds(to)) this.#tally.add(key, by);
	}

	/** By a name for whose places it is. No address begins with an at sign. */
	#bounds(to: Jid): readonly (readonly [string, number])[] {
		const own = [to.toString(), MAX_OF_ADDRESS] as const;
		if (to.domain === this.#home) return [own];
		return [own, [`@${to.domain}`, MAX_OF_DOMAIN], ["@", MAX_OF_FOREIGNERS]];
	}
}
