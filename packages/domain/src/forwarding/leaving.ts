/** Of one service. Whoever changes its contracts again and again must not make each change dearer. */
const MAX_PER_SERVICE = 8;

/** What was listed, and has calls that may have to hear that their provider has gone. */
export interface Awaited {
	readonly isAwaited: boolean;
	/** The service's providers have changed. */
	changed(): void;
}

/**
 * What is no longer listed and still waited for, by service. Bounded: where another finds no room, the one that has been
 * here for longest is told of nothing more, and its calls end by their deadlines.
 */
export class Leaving {
	readonly #byService = new Map<string, Set<Awaited>>();

	add(service: string, left: Awaited): void {
		if (!left.isAwaited) return;
		const others = this.#byService.get(service) ?? new Set();
		const [oldest] = others;
		if (others.size >= MAX_PER_SERVICE) others.delete(oldest as Awaited);
		this.#byService.set(service, others.add(left));
	}

	/** The service has changed: those who wait hear of it, and what nobody waits for any more is forgotten. */
	tell(service: string): void {
		const left = [...(this.#byService.get(service) ?? [])].filter((each) => {
			each.changed();
			return each.isAwaited;
		});
		if (left.length > 0) this.#byService.set(service, new Set(left));
		else this.#byService.delete(service);
	}

	tellAll(): void {
		for (const service of [...this.#byService.keys()]) this.tell(service);
	}
}
