import { Ring } from "../engine/ring.js";

/** Who wants to be told of which outcome: full JIDs by call, at most so many; the oldest are forgotten first. */
export class Waiters {
	readonly #most: number;
	/** Call, and address. */
	readonly #calls = new Map<string, Set<string>>();
	/** The calls, the oldest first. */
	readonly #order = new Ring<string>();
	readonly #addresses = new Map<string, Set<string>>();
	#size = 0;

	constructor(most: number) {
		this.#most = most;
	}

	add(call: string, address: string): void {
		const addresses = this.#calls.get(call) ?? new Set();
		if (addresses.has(address)) return;
		this.#calls.set(call, addresses.add(address));
		this.#order.add(call);
		const calls = this.#addresses.get(address) ?? new Set();
		this.#addresses.set(address, calls.add(call));
		if (++this.#size <= this.#most) return;
		if (this.#order.first !== undefined) this.take(this.#order.first);
	}

	/** Everybody who waits for a call; nobody does any more. */
	take(call: string): string[] {
		const addresses = [...(this.#calls.get(call) ?? [])];
		for (const address of addresses) this.#forget(call, address);
		return addresses;
	}

	/** Nobody is there any more. */
	gone(address: string): void {
		for (const call of [...(this.#addresses.get(address) ?? [])]) this.#forget(call, address);
	}

	clear(): void {
		this.#calls.clear();
		this.#order.clear();
		this.#addresses.clear();
		this.#size = 0;
	}

	#forget(call: string, address: string): void {
		const addresses = this.#calls.get(call);
		if (addresses?.delete(address) !== true) return;
		this.#size--;
		if (addresses.size === 0) {
			this.#calls.delete(call);
			this.#order.delete(call);
		}
		const calls = this.#addresses.get(address);
		calls?.delete(call);
		if (calls?.size === 0) this.#addresses.delete(address);
	}
}
