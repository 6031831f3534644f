/** Who is told at once of one service before another has its turn. */
const SLICE = 50;

export interface PushesParts<To> {
	/** Who is to be told of a service now. */
	readonly watching: (service: string) => readonly To[];
	readonly tell: (to: To, service: string) => void;
	/** Whether there is no room to send more now. */
	readonly isFull: () => boolean;
}

/**
 * Tells watchers what has changed: not for each change, and not all of them at once. However many instances come and go
 * together, a watcher is told once in a round; rounds of a service follow one another. So many stanzas are sent in one
 * {@link flush} at most, and none while too much is waiting to be sent. What is kept: a name for each service that has
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

	/** @param max stanzas that may be sent */
	flush(max: number): void {
		const { watching, tell, isFull } = this.#parts;
		const nextRound: string[] = [];
		let left = max;
		for (const [service, known] of this.#turns) {
			if (left <= 0 || isFull()) break;
			this.#turns.delete(service);
			const waiting = known ?? watching(service);
			const now = waiting.slice(0, Math.min(SLICE, left));
			for (const to of now) tell(to, service);
			left -= now.length;
			// At the end, so that others have their turn in between.
			if (now.length < waiting.length) this.#turns.set(service, waiting.slice(now.length));
			else if (this.#again.delete(service)) nextRound.push(service);
		}
		for (const service of nextRound) this.#turns.set(service, undefined);
	}
}
