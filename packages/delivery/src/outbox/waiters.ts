export type WaitsFor = "keep" | "wait" | "cancel";

interface Waiter {
	readonly key: string;
	readonly ask: number;
	readonly for: WaitsFor;
}

/**
 * Who waits for something to become of a call. It is not in the journal, and a step that was not stored must leave no trace in
 * it: what a step has changed can be taken back until the next one begins.
 */
export class Waiters {
	readonly #byAsk = new Map<number, Waiter>();
	readonly #byKey = new Map<string, Map<number, Waiter>>();
	/** Takes back the changes of this step, the last one first. */
	#undo: (() => void)[] = [];

	get size(): number {
		return this.#byAsk.size;
	}

	/** The calls that somebody waits for. */
	keys(): Iterable<string> {
		return this.#byKey.keys();
	}

	add(key: string, ask: number, waitsFor: WaitsFor): void {
		const waiter: Waiter = { key, ask, for: waitsFor };
		this.#insert(waiter);
		this.#undo.push(() => this.#remove(waiter));
	}

	has(key: string, waitsFor?: WaitsFor): boolean {
		const there = this.#byKey.get(key);
		if (there === undefined || waitsFor === undefined) return there !== undefined;
		return [...there.values()].some((waiter) => waiter.for === waitsFor);
	}

	/** Takes out those who wait for this of a call, in the order in which they came. */
	take(key: string, ...waitsFor: readonly WaitsFor[]): Waiter[] {
		const taken = [...(this.#byKey.get(key)?.values() ?? [])].filter((waiter) => waitsFor.includes(waiter.for));
		for (const waiter of taken) this.#takeOut(waiter);
		return taken;
	}

	/** @returns the call that it was */
	remove(ask: number): string | undefined {
		const waiter = this.#byAsk.get(ask);
		if (waiter !== undefined) this.#takeOut(waiter);
		return waiter?.key;
	}

	/** What has been done is stored. */
	commit(): void {
		this.#undo = [];
	}

	/** What has been done since `commit` was not. */
	rollBack(): void {
		for (const undo of this.#undo.reverse()) undo();
		this.#undo = [];
	}

	#takeOut(waiter: Waiter): void {
		this.#remove(waiter);
		this.#undo.push(() => this.#insert(waiter));
	}

	#insert(waiter: Waiter): void {
		const there = this.#byKey.get(waiter.key) ?? new Map<number, Waiter>();
		this.#byKey.set(waiter.key, there.set(waiter.ask, waiter));
		this.#byAsk.set(waiter.ask, waiter);
	}

	#remove(waiter: Waiter): void {
		this.#byAsk.delete(waiter.ask);
		const there = this.#byKey.get(waiter.key);
		if (there?.delete(waiter.ask) && there.size === 0) this.#byKey.delete(waiter.key);
	}
}
