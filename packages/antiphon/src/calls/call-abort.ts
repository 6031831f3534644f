import type { BusError } from "@antiphon/protocol";

/**
 * The end of a call that nobody waits for any more. Its AbortSignal is made when somebody asks for it, since it costs as
 * much as the rest of a short call.
 */
export class CallAbort {
	#reason: BusError | undefined;
	#controller: AbortController | undefined;
	/** Most calls have none, and one that is passed on has one for each attempt. */
	#listeners: Set<(reason: BusError) => void> | undefined;

	/** `undefined` while somebody waits. */
	get reason(): BusError | undefined {
		return this.#reason;
	}

	get signal(): AbortSignal {
		if (this.#controller === undefined) {
			this.#controller = new AbortController();
			if (this.#reason !== undefined) this.#controller.abort(this.#reason);
		}
		return this.#controller.signal;
	}

	/** Calls back when nobody waits any more, if somebody does now. @returns what calls it off */
	onAbort(listener: (reason: BusError) => void): () => void {
		this.#listeners ??= new Set();
		this.#listeners.add(listener);
		return () => void this.#listeners?.delete(listener);
	}

	abort(reason: BusError): void {
		if (this.#reason !== undefined) return;
		this.#reason = reason;
		this.#controller?.abort(reason);
		for (const listener of [...(this.#listeners ?? [])]) listener(reason);
	}
}
