import type { Instance, Jid } from "@antiphon/protocol";

/** Who waits for an answer of an instance, and is told when the instance has gone. */
export class Departures {
	readonly #waiting = new Map<string, Set<() => void>>();

	/** The instances that somebody waits for. */
	get size(): number {
		return this.#waiting.size;
	}

	/** Calls back when the instance at this address is no longer there. @returns what calls that off */
	on(jid: Jid, listener: () => void): () => void {
		const key = jid.toString();
		const listeners = this.#waiting.get(key) ?? new Set();
		this.#waiting.set(key, listeners.add(listener));
		return () => {
			listeners.delete(listener);
			if (listeners.size === 0 && this.#waiting.get(key) === listeners) this.#waiting.delete(key);
		};
	}

	/** Tells those who wait for an instance that is not among these. */
	update(instances: readonly Instance[]): void {
		if (this.#waiting.size === 0) return;
		const here = new Set(instances.map(({ jid }) => jid.toString()));
		// Who waits again while being told waits for the next time.
		const gone = [...this.#waiting].filter(([jid]) => !here.has(jid)).flatMap(([, listeners]) => [...listeners]);
		for (const listener of gone) listener();
	}
}
