import type { Place } from "@antiphon/delivery";

export interface CreditsParts {
	/** Places that are free for calls of an instance. */
	free(place: Place): number;
	/** Calls that its domain has leased to an instance, that run here and have no outcome yet. */
	running(place: Place): number;
	/** Its domain is to know. */
	tell(place: Place, credit: number): void;
}

/** How long it takes until it is said of an instance that it takes more, in milliseconds: a place may be taken again at once. */
const RAISE_MS = 100;

interface Credit {
	readonly place: Place;
	/** Unfinished calls that it takes when nothing else has its places. */
	readonly most: number;
	told: number;
}

/**
 * How many unfinished calls instances take of their domains: as many as they may run, until there is no place for one that has
 * come, as plain calls have it, or handlers that go on after their time. From then on an instance takes as many as there are
 * places for, and more again when one is free.
 */
export class Credits {
	readonly #parts: CreditsParts;
	readonly #credits = new Map<string, Credit>();
	/** Those of whom less was told than they would take. */
	readonly #lowered = new Set<Credit>();
	#timer: NodeJS.Timeout | undefined;

	constructor(parts: CreditsParts) {
		this.#parts = parts;
	}

	/** It was said that an instance takes so many, whatever has its places now. */
	serve(place: Place, most: number): void {
		this.leave(place);
		this.#credits.set(keyOf(place), { place, most, told: most });
	}

	/** An instance is served no more. */
	leave(place: Place): void {
		const credit = this.#credits.get(keyOf(place));
		if (credit === undefined) return;
		this.#lowered.delete(credit);
		this.#credits.delete(keyOf(place));
	}

	/**
	 * There was no place for a call that has come.
	 * @returns whether that was for want of one, and its domain will know: another would only come when there is a place for it
	 */
	lower(place: Place): boolean {
		const credit = this.#credits.get(keyOf(place));
		if (credit === undefined || this.#parts.free(place) > 0) return false;
		const now = this.#parts.running(place);
		if (now < credit.told) this.#tell(credit, now);
		return credit.told < credit.most;
	}

	/** A call, of whomever, has left its place. */
	left(): void {
		if (this.#lowered.size > 0) this.#timer ??= setTimeout(() => this.#raise(), RAISE_MS);
	}

	stop(): void {
		clearTimeout(this.#timer);
		this.#lowered.clear();
	}

	#raise(): void {
		this.#timer = undefined;
		for (const credit of [...this.#lowered]) {
			const { place, most, told } = credit;
			const now = Math.min(most, this.#parts.running(place) + this.#parts.free(place));
			if (now > told) this.#tell(credit, now);
		}
	}

	#tell(credit: Credit, now: number): void {
		credit.told = now;
		if (now < credit.most) this.#lowered.add(credit);
		else this.#lowered.delete(credit);
		this.#parts.tell(credit.place, now);
	}
}

/** None of the parts holds a line break. */
function keyOf({ domain, service, instance }: Place): string {
	return `${domain}\n${service}\n${instance}`;
}
