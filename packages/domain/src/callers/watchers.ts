import { type Jid, Tally } from "@antiphon/protocol";

/** Services whose changes one caller is told of, unless told otherwise. */
const MAX_PER_CALLER = 1024;

/** A caller that is to be told. */
export interface Watcher {
	readonly jid: Jid;
	/** Until when, by the domain's clock. */
	readonly untilMs: number;
}

/**
 * The callers that are to be told when the instances of a service change, each for a while. Bounded: who finds no place
 * asks again instead.
 */
export class Watchers {
	readonly #maxWatchers: number;
	readonly #maxPerCaller: number;
	/** By service and full JID. */
	readonly #watchers = new Map<string, Map<string, Watcher>>();
	readonly #perCaller = new Tally();
	#size = 0;

	constructor(maxWatchers: number, maxPerCaller = MAX_PER_CALLER) {
		this.#maxWatchers = maxWatchers;
		this.#maxPerCaller = maxPerCaller;
	}

	get size(): number {
		return this.#size;
	}

	/** @returns whether there was a place */
	add(service: string, jid: Jid, nowMs: number, forMs: number): boolean {
		this.remove(service, jid);
		const caller = jid.bare().toString();
		if (this.#size >= this.#maxWatchers || this.#perCaller.of(caller) >= this.#maxPerCaller) return false;
		const watchers = this.#watchers.get(service) ?? new Map();
		this.#watchers.set(service, watchers.set(jid.toString(), { jid, untilMs: nowMs + forMs }));
		this.#perCaller.add(caller, 1);
		this.#size++;
		return true;
	}

	remove(service: string, jid: Jid): void {
		const watchers = this.#watchers.get(service);
		if (!watchers?.delete(jid.toString())) return;
		if (watchers.size === 0) this.#watchers.delete(service);
		this.#perCaller.add(jid.bare().toString(), -1);
		this.#size--;
	}

	/** Full JIDs, some more than once. */
	*callers(): Iterable<string> {
		for (const watchers of this.#watchers.values()) yield* watchers.keys();
	}

	/** What is watched. */
	services(): string[] {
		return [...this.#watchers.keys()];
	}

	/** Those who are to be told now. */
	of(service: string, nowMs: number): Watcher[] {
		this.#end(service, nowMs);
		return [...(this.#watchers.get(service)?.values() ?? [])];
	}

	/** Lets go of all whose time is over. */
	endAll(nowMs: number): void {
		for (const service of [...this.#watchers.keys()]) this.#end(service, nowMs);
	}

	#end(service: string, nowMs: number): void {
		for (const { jid, untilMs } of [...(this.#watchers.get(service)?.values() ?? [])]) {
			if (untilMs <= nowMs) this.remove(service, jid);
		}
	}
}
