import type { QueueEffect, QueueEvent, QueueResult } from "@antiphon/delivery";

/** Leases whose end may not have been seen: nothing was heard of them for so long. */
const STALE_MS = 30_000;

/** Counts the calls that an instance certainly has from the domain, and so whether it gets more than it has asked for. */
export class CreditWatch {
	readonly #now: () => number;
	/** By instance. */
	readonly #credit = new Map<string, number>();
	/** By instance: when each number was heard of last. */
	readonly #leased = new Map<string, Map<number, number>>();

	constructor(now: () => number) {
		this.#now = now;
	}

	/** What the queue has said, and to what. @returns what is wrong */
	answered(event: QueueEvent, result: QueueResult): string | undefined {
		if (event.type === "pull" && result.is === "pulling") {
			this.#credit.set(event.instance, event.credit);
			const held = new Set(event.held.map(({ n }) => n));
			const leased = [...(this.#leased.get(event.instance) ?? [])].filter(([n]) => held.has(n));
			this.#leased.set(event.instance, new Map(leased));
		}
		if (result.is === "refused" && result.refusal.code === "overloaded" && result.refusal.retryAfterMs === undefined) {
			return `${event.type} was refused as overloaded, and not told when to come back`;
		}
		return undefined;
	}

	released(effect: QueueEffect): string | undefined {
		if (effect.type !== "deliver") return undefined;
		this.over(effect.n);
		const leased = this.#leased.get(effect.instance) ?? new Map<number, number>();
		this.#leased.set(effect.instance, leased);
		for (const [n, at] of leased) if (at < this.#now() - STALE_MS) leased.delete(n);
		leased.set(effect.n, this.#now());
		const credit = this.#credit.get(effect.instance) ?? 0;
		return leased.size > credit ? `${effect.instance} has ${leased.size} calls, and takes ${credit}` : undefined;
	}

	/** A lease has ended, or may have. */
	over(n: number): void {
		for (const leased of this.#leased.values()) leased.delete(n);
	}
}
