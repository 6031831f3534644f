/** A stream, as far as it takes turns. */
export interface TurnTaker {
	/** With whom it shares its turns: an account, a component's domain, an address that has not logged in. */
	readonly payer: string;
	/** Reads until it has nothing more, be it closed, or {@link ReadingTurn.over}. @returns whether there is more */
	read(): boolean;
	/** It has to wait: nothing more may come from its socket. */
	pause(): void;
}

/** How long may be worked for all streams in one turn of the event loop, and for one of them at a time. */
const TURN_MS = 10;
const STREAM_MS = 3;

/**
 * Shares out the time of the event loop: for a few milliseconds in each turn what the sockets brought is worked on, and
 * what is left waits for the next turn. So nobody who sends stanzas that take long (a presence for 990 contacts), or many,
 * keeps the others waiting for more than their turn.
 *
 * A stream reads at once while there is time and nobody of the same payer waits. Those who wait are served payer by
 * payer, each for the time of one stream, and within a payer one after the other: a hundred sessions of one account come
 * to as much as one. A stream is stopped after the stanza with which its time is over, and a turn after such a stream.
 *
 * Waiting are at most as many as there are streams, each with the one chunk that it keeps. One that is closed meanwhile
 * finds nothing to read when its turn comes.
 */
export class ReadingTurn {
	readonly #now: () => number;
	readonly #defer: (run: () => void) => void;
	/** Who waits, by payer, in the order of their turns. */
	readonly #waiting = new Map<string, Set<TurnTaker>>();
	#usedMs = 0;
	/** When the stream that reads has to stop. */
	#endMs = 0;
	#scheduled = false;

	/**
	 * @param now milliseconds of a clock that only goes forward
	 * @param defer runs something in the next turn of the event loop, behind the sockets that are ready
	 */
	constructor(now: () => number, defer: (run: () => void) => void = setImmediate) {
		this.#now = now;
		this.#defer = defer;
	}

	/** Whether the stream that reads has to stop. */
	get over(): boolean {
		return this.#now() >= this.#endMs;
	}

	/** A stream has something to read: it does so now, or it is paused, and does so when its turn comes. */
	take(stream: TurnTaker): void {
		if (this.#usedMs < TURN_MS && !this.#waiting.has(stream.payer)) this.#read(stream);
		else this.#wait(stream);
	}

	#read(stream: TurnTaker): void {
		const startMs = this.#now();
		this.#endMs = startMs + STREAM_MS;
		const more = stream.read();
		this.#usedMs += this.#now() - startMs;
		this.#schedule();
		if (more) this.#wait(stream);
	}

	#wait(stream: TurnTaker): void {
		stream.pause();
		const same = this.#waiting.get(stream.payer);
		if (same === undefined) this.#waiting.set(stream.payer, new Set([stream]));
		else same.add(stream);
		this.#schedule();
	}

	#schedule(): void {
		if (this.#scheduled) return;
		this.#scheduled = true;
		this.#defer(() => this.#begin());
	}

	/** A new turn, which begins with those who wait. */
	#begin(): void {
		this.#scheduled = false;
		this.#usedMs = 0;
		while (this.#usedMs < TURN_MS) {
			const [next] = this.#waiting;
			if (next === undefined) return;
			const [payer, same] = next;
			const [stream] = same;
			this.#waiting.delete(payer);
			same.delete(stream as TurnTaker);
			// Behind all the others.
			if (same.size > 0) this.#waiting.set(payer, same);
			this.#read(stream as TurnTaker);
		}
		if (this.#waiting.size > 0) this.#schedule();
	}
}
