interface Piece {
	readonly work: () => void;
	readonly refuse: () => void;
}

/** How long may be worked in one turn of the event loop, in milliseconds. The work with which it is over is finished. */
const TURN_MS = 10;
/** What may wait, in all and of one account. */
const MAX_WAITING = 4_096;
const MAX_WAITING_PER_ACCOUNT = 512;

/**
 * Shares out the time of the event loop among those who ask for something: for a few milliseconds in each turn what came is
 * worked on at once, and what is left waits for the next turn. Those who wait are served account by account, one piece of
 * work each. So who asks for what takes long, or for much, waits for himself, and others hardly for him.
 *
 * Of one account everything is done in its order. What waits is bounded, in all and for each account. Above that it is
 * refused; where all places are taken, first what was asked last by the account with most of them, so that many who ask for
 * much do not keep out one who asks for little.
 */
export class Turns {
	readonly #now: () => number;
	readonly #defer: (run: () => void) => void;
	/** By account (bare JID), in the order of their turns. */
	readonly #waiting = new Map<string, Piece[]>();
	#size = 0;
	#usedMs = 0;
	#isScheduled = false;

	/**
	 * @param now milliseconds of a clock that only goes forward
	 * @param defer runs something in the next turn of the event loop, behind the sockets that are ready
	 */
	constructor(now: () => number, defer: (run: () => void) => void = setImmediate) {
		this.#now = now;
		this.#defer = defer;
	}

	/** Does the work: now, or when it is the account's turn. `refuse` is called instead, now or later, if too much waits. */
	take(account: string, work: () => void, refuse: () => void): void {
		const same = this.#waiting.get(account);
		if (this.#usedMs < TURN_MS && same === undefined) this.#do(work);
		else if (this.#hasPlaceFor(same?.length ?? 0)) {
			if (same === undefined) this.#waiting.set(account, [{ work, refuse }]);
			else same.push({ work, refuse });
			this.#size++;
			this.#schedule();
		} else refuse();
	}

	/** Forgets what waits. */
	clear(): void {
		this.#waiting.clear();
		this.#size = 0;
	}

	/** @param own what the account has waiting. Whoever has most gives a place to who has fewer, one more included. */
	#hasPlaceFor(own: number): boolean {
		if (own >= MAX_WAITING_PER_ACCOUNT) return false;
		if (this.#size < MAX_WAITING) return true;
		let most: Piece[] = [];
		for (const pieces of this.#waiting.values()) if (pieces.length > most.length) most = pieces;
		if (most.length <= own + 1) return false;
		this.#size--;
		most.pop()?.refuse();
		return true;
	}

	#do(work: () => void): void {
		const startMs = this.#now();
		this.#schedule();
		try {
			work();
		} finally {
			this.#usedMs += this.#now() - startMs;
		}
	}

	#schedule(): void {
		if (this.#isScheduled) return;
		this.#isScheduled = true;
		this.#defer(() => this.#begin());
	}

	/** A new turn, which begins with those who wait. */
	#begin(): void {
		this.#isScheduled = false;
		this.#usedMs = 0;
		while (this.#usedMs < TURN_MS) {
			const [next] = this.#waiting;
			if (next === undefined) return;
			const [account, [{ work }, ...others]] = next as [string, [Piece, ...Piece[]]];
			this.#waiting.delete(account);
			// Behind all the others.
			if (others.length > 0) this.#waiting.set(account, others);
			this.#size--;
			this.#do(work);
		}
		this.#schedule();
	}
}
