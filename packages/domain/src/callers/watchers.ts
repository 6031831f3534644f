import type { Jid } from "@antiphon/protocol";
import { Places } from "antiphon/modules";

/** Services whose changes one caller is told of, unless told otherwise. */
const MAX_PER_CALLER = 1024;

/** A caller that is to be told. */
export interface Watcher {
	readonly jid: Jid;
	/** Of what. */
	readonly service: string;
	/** Until when, by the domain's clock. */
	readonly untilMs: number;
}

/**
 * The callers that are to be told when the instances of a service change, each for a while. Bounded, also for each account:
 * who finds no place asks again instead. Whoever has fewer than others takes one of theirs ({@link Places}); they are told
 * nothing any more, and ask again when half of the time is over for which they were to be told.
 */
export class Watchers {
	/** By service and full JID. */
	readonly #watchers = new Map<string, Map<string, Watcher>>();
	readonly #places: Places<Watcher>;

	/** @param home the domain whose bus this is. Its accounts do not share: of others it may have most, and each of them few */
	constructor(max: number, home: string, maxPerAccount = MAX_PER_CALLER) {
		const groupOf = (who: Jid) => (who.domain === home ? who.bare().toString() : who.domain);
		this.#places = new Places({ max, maxPerAccount, groupOf, onLost: (watcher) => this.#forget(watcher) });
	}

	get size(): number {
		return this.#places.size;
	}

	/** @returns whether there was a place */
	add(service: string, jid: Jid, nowMs: number, forMs: number): boolean {
		this.remove(service, jid);
		const watcher: Watcher = { jid, service, untilMs: nowMs + forMs };
		if (this.#places.take(watcher, jid) !== undefined) return false;
		// After a place was made for it: that may have been the last of this service.
		const watchers = this.#watchers.get(service) ?? new Map();
		this.#watchers.set(service, watchers.set(jid.toString(), watcher));
		return true;
	}

	remove(service: string, jid: Jid): void {
		const watcher = this.#watchers.get(service)?.get(jid.toString());
		if (watcher === undefined) return;
		this.#places.leave(watcher);
		this.#forget(watcher);
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

	#forget({ service, jid }: Watcher): void {
		const watchers = this.#watchers.get(service);
		watchers?.delete(jid.toString());
		if (watchers?.size === 0) this.#watchers.delete(service);
	}
}
