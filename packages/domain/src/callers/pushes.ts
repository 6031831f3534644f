/** Who is told at once of one service before another has its turn. */
const SLICE = 50;

export interface PushesParts<To> {
	/** Who is to be told of a service now. */
	readonly watching: (service: string) => readonly To[];
	readonly tell: (to: To, service: string) => void;
	/** Whether there is no room to send more now. */
	readonly isFull: () => boolean;
	/** Milliseconds of a clock that only goes forward. */
	readonly now: () => number;
}

/**
 * Tells watchers what has changed: not for each change, and not all of them at once. However many instances come and go
 * together, a watcher is told once in a round; rounds of a service follow one another. One {@link flush} sends so many
 * stanzas at most and takes so long at most, as one may hold many instances; and nothing is sent while too much is waiting
 * to be sent. What is kept: a name for each service that has
 * changed, and those who are still to be told of it; both have their bounds elsewhere.
 *
 * | a service is | to        | when                                                           |
 * | ------------ | --------- | -------------------------------------------------------------- |
 * | quiet        | changed   | `changed`                                                      |
 * | changed      | telling   | `flush`: its watchers of that moment are told, as there is room |
 * | telling      | quiet     | all of them were told, and it has not changed meanwhile        |
 * | telling      | changed   | all of them were told, but some before its last change         |
 */
export class Pushes<To> {
	readonly #parts: PushesParts<To>;
	/** Services by turn, with those who are left to be told; nobody yet where the round has not begun. */
	readonly #turns = new Map<string, readonly To[] | undefined>();
	/** Services that have changed since their round began. */
	readonly #again = new Set<string>();

	constructor(parts: PushesParts<To>) {
		this.#parts = parts;
	}

	changed(service: string): void {
		if (this.#turns.get(service) !== undefined) this.#again.add(service);
		else this.#turns.set(service, undefined);
	}

	/**
	 * @param max stanzas that may be sent
	 * @param forMs time that may be used, in milliseconds
	 * @param min stanzas that may be sent in any case: where the machine has little time, a clock says little of the work
	 */
	flush(max: number, forMs: number, min: number): void {
		const { watching, isFull, now } = this.#parts;
		const endMs = now() + forMs;
		const nextRound: string[] = [];
		let sent = 0;
		for (const [service, known] of this.#turns) {
			if (sent >= max || isFull()) break;
			this.#turns.delete(service);
			const waiting = known ?? watching(service);
			const slice = waiting.slice(0, Math.min(SLICE, max - sent));
			const told = this.#tell(service, slice, () => ++sent >= min && now() >= endMs);
			// At the end, so that others have their turn in between.
			if (told < waiting.length) this.#turns.set(service, waiting.slice(told));
			else if (this.#again.delete(service)) nextRound.push(service);
			if (sent >= min && now() >= endMs) break;
		}
		for (const service of nextRound) this.#turns.set(service, undefined);
	}

	/** @param isOver is asked after each. @returns how many were told */
	#tell(service: string, slice: readonly To[], isOver: () => boolean): number {
		let told = 0;
		for (const to of slice) {
			this.#parts.tell(to, service);
			told++;
			if (isOver()) break;
		}
		return told;
	}
}
