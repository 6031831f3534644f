import { BusError } from "@antiphon/protocol";

/** Questions under way, each asked once however many want to know. Bounded: above it `overloaded`. */
export class Asking {
	readonly #max: number;
	readonly #open = new Map<string, Promise<unknown>>();

	constructor(max: number) {
		this.#max = max;
	}

	/** The answer to the question `key`. @throws BusError, and what `ask` throws */
	async once<T>(key: string, ask: () => Promise<T>): Promise<T> {
		const open = this.#open.get(key) as Promise<T> | undefined;
		if (open !== undefined) return open;
		if (this.#open.size >= this.#max) {
			throw new BusError("overloaded", `the domain is asking ${this.#max} questions already`, { retryAfterMs: 500 });
		}
		const asked = ask().finally(() => this.#open.delete(key));
		this.#open.set(key, asked);
		return asked;
	}
}
