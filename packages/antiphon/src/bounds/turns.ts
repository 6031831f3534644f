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
 * Of one account everything is done in its order. What waits is bounded, in all and for each account; above that it is
 * refused.
 */
export class Turns {
	readonly #now: () => number;
	readonly #defer: (run: () => void) => void;
	/** By account (bare JID), in the order of their turns. */
	readonly #waiting = new Map<string, (() => void)[]>();
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

	/** Does the work: now, or when it is the account's turn. @returns false, and forgets it, when too much waits already */
	take(account: string, work: () => void): boolean {
		const same = this.#waiting.get(account);
		if (this.#usedMs < TURN_MS && same === undefined) {
			this.#do(work);
			return true;
		}
		if (this.#size >= MAX_WAITING || (same?.length ?? 0) >= MAX_WAITING_PER_ACCOUNT) return false;
		if (same === undefined) this.#waiting.set(account, [work]);
		else same.push(work);
		this.#size++;
		this.#schedule();
		return true;
	}

	/** Forgets what waits. */
	clear(): void {
		this.#waiting.clear();
		this.#size = 0;
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
			const [account, [work, ...others]] = next as [string, [() => void]];
			this.#waiting.delete(account);
			// Behind all the others.
			if (others.length > 0) this.#waiting.set(account, others);
			this.#size--;
			this.#do(work);
		}
		this.#schedule();
	}
}
