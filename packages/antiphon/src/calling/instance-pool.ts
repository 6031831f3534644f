import type { Instance } from "@antiphon/protocol";
import { Balancer, type Wish } from "./balancer.js";
import { Departures } from "./departures.js";
import type { Hop } from "./route.js";

/** The instances of a service that a call may go to, and the calls that wait for one of them. */
export class InstancePool {
	readonly #balancer = new Balancer();
	readonly #departures = new Departures();
	/** One for each call that looks for an instance instead of one that has gone. */
	readonly #onUpdate = new Set<() => void>();
	/** Milliseconds of a clock that only goes forward. */
	readonly #now: () => number;

	constructor(now: () => number) {
		this.#now = now;
	}

	get size(): number {
		return this.#balancer.size;
	}

	/** Whether a call waits that is to hear of instances that go or come: then `update` must not be put off. */
	get isAwaited(): boolean {
		return this.#departures.size > 0 || this.#onUpdate.size > 0;
	}

	/** @returns what calls it off */
	onUpdate(listener: () => void): () => void {
		this.#onUpdate.add(listener);
		return () => void this.#onUpdate.delete(listener);
	}

	instances(): Instance[] {
		return this.#balancer.instances();
	}

	/**
	 * These and no others: what has been seen of those that stay is kept.
	 * @param isAll whether one that is not among them has gone; if not, it may be there as before
	 */
	update(instances: readonly Instance[], isAll = true): void {
		this.#balancer.update(instances);
		if (isAll) this.#departures.update(instances);
		for (const listener of [...this.#onUpdate]) listener();
	}

	/** One that takes calls, if there is one that is meant. */
	hop(wish: Wish): Hop | undefined {
		const candidate = this.#balancer.pick(wish, this.#now());
		if (candidate === undefined) return undefined;
		const { jid } = candidate.instance;
		return {
			to: jid,
			key: candidate.key,
			isNamed: true,
			begin: () => {
				const end = candidate.begin(this.#now());
				return (ending) => end(ending, this.#now());
			},
			onGone: (listener) => this.#departures.on(jid, listener),
		};
	}
}
