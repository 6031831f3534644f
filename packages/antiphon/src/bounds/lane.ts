import type { Jid } from "@antiphon/protocol";
import { Shares } from "./shares.js";

/** What somebody has asked for. */
export interface Piece {
	readonly who: Jid;
	readonly work: () => void;
	/** Called instead, if it finds no place or has to give it up. */
	readonly refuse: () => void;
}

/** What may wait, in all and of one account. */
const MAX_WAITING = 4_096;
const MAX_WAITING_PER_ACCOUNT = 512;

/**
 * Those who wait for the same: domain by domain, in a domain account by account, and of one account in its order. Bounded, in
 * all and for each account. Where all places are taken, whoever has fewer gets the last one of who has most ({@link Shares}).
 */
export class Lane {
	/** By domain and by bare JID, in the order of their turns. */
	readonly #waiting = new Map<string, Map<string, Piece[]>>();
	readonly #shares = new Shares();
	#size = 0;

	get isEmpty(): boolean {
		return this.#size === 0;
	}

	/** Whether something of this account waits. */
	has(who: Jid): boolean {
		return this.#shares.of(who) > 0;
	}

	/** It waits from now on, or is refused. */
	push(piece: Piece): void {
		if (this.#hasPlaceFor(piece.who)) this.#add(piece);
		else piece.refuse();
	}

	/** Whose turn it is. His domain is then behind all the others, and so is he among its accounts. */
	shift(): Piece | undefined {
		const [next] = this.#waiting;
		if (next === undefined) return undefined;
		const [domain, accounts] = next;
		const [[account, pieces]] = accounts as unknown as [[string, Piece[]]];
		const piece = pieces.shift() as Piece;
		this.#waiting.delete(domain);
		accounts.delete(account);
		if (pieces.length > 0) accounts.set(account, pieces);
		if (accounts.size > 0) this.#waiting.set(domain, accounts);
		this.#leave(piece);
		return piece;
	}

	#hasPlaceFor(who: Jid): boolean {
		if (this.#shares.of(who) >= MAX_WAITING_PER_ACCOUNT) return false;
		return this.#size < MAX_WAITING || this.#makeRoom(who);
	}

	#add(piece: Piece): void {
		const { who } = piece;
		const accounts = this.#waiting.get(who.domain) ?? new Map<string, Piece[]>();
		const account = who.bare().toString();
		const pieces = accounts.get(account);
		if (pieces === undefined) accounts.set(account, [piece]);
		else pieces.push(piece);
		this.#waiting.set(who.domain, accounts);
		this.#shares.take(who);
		this.#size++;
	}

	#makeRoom(who: Jid): boolean {
		const crowding = this.#shares.crowding(who);
		if (crowding === undefined) return false;
		const { group: domain, account } = crowding;
		const accounts = this.#waiting.get(domain) as Map<string, Piece[]>;
		const pieces = accounts.get(account) as Piece[];
		const last = pieces.pop() as Piece;
		if (pieces.length === 0) accounts.delete(account);
		if (accounts.size === 0) this.#waiting.delete(domain);
		this.#leave(last);
		last.refuse();
		return true;
	}

	#leave({ who }: Piece): void {
		this.#shares.give(who);
		this.#size--;
	}
}
