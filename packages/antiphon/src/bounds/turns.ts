import type { Jid } from "@antiphon/protocol";
import { Lane, type Piece } from "./lane.js";

/** How long may be worked in one turn of the event loop, in milliseconds. The work with which it is over is finished. */
const TURN_MS = 10;

export interface TurnsParts {
	/** Milliseconds of a clock that only goes forward. */
	readonly now: () => number;
	/** Which lane somebody waits in: any name, of few. */
	readonly laneOf: (who: Jid) => string;
	/** Runs something in the next turn of the event loop, behind the sockets that are ready. */
	readonly defer?: (run: () => void) => void;
}

/**
 * Shares out the time of the event loop among those who ask for something: for a few milliseconds in each turn what came is
 * worked on at once, and what is left waits for the next turn. Those who wait are served one piece of work each, see
 * {@link Lane}. So who asks for what takes long, or for much, waits for himself, and others hardly for him.
 *
 * Those in one lane do not wait for those in another, nor for their places: the lanes are served in turn.
 */
export class Turns {
	readonly #now: () => number;
	readonly #laneOf: (who: Jid) => string;
	readonly #defer: (run: () => void) => void;
	readonly #lanes = new Map<string, Lane>();
	#usedMs = 0;
	#isScheduled = false;

	constructor({ now, laneOf, defer = setImmediate }: TurnsParts) {
		this.#now = now;
		this.#laneOf = laneOf;
		this.#defer = defer;
	}

	/** Does the work: now, or when it is the account's turn. `refuse` is called instead, now or later, if too much waits. */
	take(piece: Piece): void {
		const lane = this.#lane(this.#laneOf(piece.who));
		if (this.#usedMs < TURN_MS && !lane.has(piece.who)) this.#do(piece.work);
		else {
			lane.push(piece);
			this.#schedule();
		}
	}

	/** Forgets what waits. */
	clear(): void {
		this.#lanes.clear();
	}

	#lane(name: string): Lane {
		const lane = this.#lanes.get(name) ?? new Lane();
		this.#lanes.set(name, lane);
		return lane;
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
			const next = this.#next();
			if (next === undefined) return;
			this.#do(next.work);
		}
		this.#schedule();
	}

	/** Of the lane that has waited longest for its turn. */
	#next(): Piece | undefined {
		for (const [name, lane] of [...this.#lanes]) {
			if (lane.isEmpty) continue;
			this.#lanes.delete(name);
			this.#lanes.set(name, lane);
			return lane.shift();
		}
		return undefined;
	}
}
