import type { Desk } from "../engine/core.js";
import { endOf, numberIn } from "../journal/binary.js";
import type { Key, View } from "../journal/journal.js";
import { NOTHING, nIn, timeKey } from "./queue-record.js";

/** Calls by a time, in the journal; in memory is only when the first of them is due. */
export class Agenda {
	readonly #kind: Key;
	#first: number | undefined;
	/** The first has been taken away: which one it is now is to be read. */
	#isStale = false;

	constructor(kind: Key) {
		this.#kind = kind;
	}

	/** When the first is due. */
	get first(): number | undefined {
		return this.#first;
	}

	add(desk: Desk, at: number, n: number): void {
		desk.put(timeKey(this.#kind, at, n), NOTHING);
		if (this.#first === undefined || at < this.#first) this.#first = at;
	}

	delete(desk: Desk, at: number, n: number): void {
		desk.delete(timeKey(this.#kind, at, n));
		if (at === this.#first) this.#isStale = true;
	}

	/** The first calls that are due at `now`, not more than `limit`. They stay until they are deleted. */
	due(view: View, now: number, limit: number): number[] {
		if (this.#first === undefined || this.#first > now) return [];
		return view.keys(this.#kind, timeKey(this.#kind, now + 1, 0), limit).map(nIn);
	}

	/** Once all has been added and deleted. */
	settle(view: View): void {
		if (this.#isStale) this.recover(view);
	}

	recover(view: View): void {
		const [first] = view.keys(this.#kind, endOf(this.#kind), 1);
		this.#first = first === undefined ? undefined : numberIn(first, 1);
		this.#isStale = false;
	}
}
