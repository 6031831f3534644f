import { Ring } from "../engine/ring.js";
import type { Lane } from "./lane.js";

/** What has a name in common, and when it had its turn, or came. */
interface Group<Members> {
	readonly members: Members;
	turn: number;
}

/** Groups by name, in the order of their turns. */
class Groups<Members> {
	readonly #names = new Ring<string>();
	readonly #groups = new Map<string, Group<Members>>();

	get size(): number {
		return this.#groups.size;
	}

	get first(): Group<Members> | undefined {
		return this.#names.first === undefined ? undefined : this.#groups.get(this.#names.first);
	}

	get(name: string): Members | undefined {
		return this.#groups.get(name)?.members;
	}

	/** The group, which comes now if it is not there. */
	ensure(name: string, turn: number, make: () => Members): Members {
		const known = this.#groups.get(name) ?? { members: make(), turn };
		if (this.#names.add(name)) this.#groups.set(name, known);
		return known.members;
	}

	delete(name: string): void {
		this.#names.delete(name);
		this.#groups.delete(name);
	}

	hasHadTurn(name: string, turn: number): void {
		const group = this.#groups.get(name);
		if (group === undefined) return;
		group.turn = turn;
		this.#names.hasHadTurn(name);
	}

	*[Symbol.iterator](): Iterator<Members> {
		for (const name of this.#names) yield this.get(name) as Members;
	}
}

/**
 * The waiting lanes that the same versions of instances serve. Functions have their turn, in each its senders, and only
 * then the lanes of one sender: in however many versions an account calls, its turns are those of one.
 */
export class Shelf {
	/** Whoever serves one of these takes its calls; none: nobody does. */
	readonly servedBy: Set<string>;
	readonly #functions = new Groups<Groups<Ring<Lane>>>();
	#size = 0;

	constructor(servedBy: Iterable<string>) {
		this.servedBy = new Set(servedBy);
	}

	get size(): number {
		return this.#size;
	}

	/** @param turn the number of the last turn */
	add(lane: Lane, turn: number): void {
		const senders = this.#functions.ensure(lane.fn, turn, () => new Groups());
		const lanes = senders.ensure(lane.sender, turn, () => new Ring());
		if (lanes.add(lane)) this.#size++;
	}

	delete(lane: Lane): void {
		const senders = this.#functions.get(lane.fn);
		const lanes = senders?.get(lane.sender);
		if (senders === undefined || lanes?.delete(lane) !== true) return;
		this.#size--;
		if (lanes.size === 0) senders.delete(lane.sender);
		if (senders.size === 0) this.#functions.delete(lane.fn);
	}

	/** The lanes, beginning with the one whose turn it is. Not to be gone on with once there are others. */
	*[Symbol.iterator](): Iterator<Lane> {
		for (const senders of this.#functions) for (const lanes of senders) yield* lanes;
	}

	/** A call of this lane has been given out. If it is of another shelf, its function and its sender come last here, too. */
	hasHadTurn(lane: Lane, turn: number): void {
		const { fn, sender } = lane;
		this.#functions.hasHadTurn(fn, turn);
		const senders = this.#functions.get(fn);
		senders?.hasHadTurn(sender, turn);
		senders?.get(sender)?.hasHadTurn(lane);
	}

	/** Which of two shelves comes first: that of the function whose turn it is, and with one function that of the sender. */
	static inTurn(one: Shelf, other: Shelf): number {
		const [a, b] = [one.#first(), other.#first()];
		return a.fn - b.fn || a.sender - b.sender;
	}

	#first(): { readonly fn: number; readonly sender: number } {
		const fn = this.#functions.first;
		return { fn: fn?.turn ?? Number.MAX_SAFE_INTEGER, sender: fn?.members.first?.turn ?? 0 };
	}
}
