import { hash } from "node:crypto";

/** How long a call is remembered after its end, in milliseconds. */
const REMEMBERED_MS = 60_000;
/** How many are remembered of one account (bare JID), and in all. */
const MAX_PER_PEER = 4_096;
const MAX = 65_536;

/**
 * The calls that ran a short while ago, so that a copy of one is not run again.
 *
 * Bounded, whatever the ids are: of a call a digest is kept. Above the bound for one account that account's oldest eighth
 * is forgotten; above the bound for all, everything of the account that has been quiet for longest. There are no timers:
 * what is too old counts as forgotten, and goes when the next call is remembered.
 */
export class RecentCalls {
	readonly #maxPerPeer: number;
	readonly #max: number;
	readonly #now: () => number;
	/** By account, the one that has been quiet for longest first: its calls, the oldest first, and until when each counts. */
	readonly #peers = new Map<string, Map<string, number>>();
	/** The last of them. */
	#last: string | undefined;
	/** When it is time to sweep again. */
	#sweepMs = Number.NEGATIVE_INFINITY;
	#size = 0;

	/** @param now a clock that never goes back, in milliseconds */
	constructor({ maxPerPeer = MAX_PER_PEER, max = MAX, now = () => performance.now() } = {}) {
		this.#maxPerPeer = maxPerPeer;
		this.#max = max;
		this.#now = now;
	}

	/** How many are kept. */
	get size(): number {
		return this.#size;
	}

	/** @param name of {@link digestOf} */
	has(peer: string, name: string): boolean {
		const untilMs = this.#peers.get(peer)?.get(name);
		return untilMs !== undefined && this.#now() < untilMs;
	}

	/** The call has just ended. */
	add(peer: string, name: string): void {
		const nowMs = this.#now();
		this.#sweep(nowMs);
		const calls = this.#peers.get(peer) ?? new Map<string, number>();
		const before = calls.size;
		if (before >= this.#maxPerPeer) dropOldest(calls, Math.ceil(this.#maxPerPeer / 8));
		// Anew, so that both stay in the order of time.
		calls.delete(name);
		calls.set(name, nowMs + REMEMBERED_MS);
		if (peer !== this.#last) {
			this.#peers.delete(peer);
			this.#peers.set(peer, calls);
			this.#last = peer;
		}
		this.#size += calls.size - before;
		if (this.#size > this.#max) this.#dropQuietest();
	}

	/** Lets go of accounts of which nothing counts any more, once in a while. */
	#sweep(nowMs: number): void {
		if (nowMs < this.#sweepMs) return;
		this.#sweepMs = nowMs + REMEMBERED_MS / 8;
		for (const [peer, calls] of this.#peers) {
			for (const [name, untilMs] of calls) {
				if (nowMs < untilMs) break;
				calls.delete(name);
				this.#size--;
			}
			if (calls.size === 0) this.#drop(peer, calls);
		}
	}

	#dropQuietest(): void {
		for (const [peer, calls] of this.#peers) {
			this.#drop(peer, calls);
			return;
		}
	}

	#drop(peer: string, calls: ReadonlyMap<string, number>): void {
		this.#peers.delete(peer);
		this.#size -= calls.size;
		if (peer === this.#last) this.#last = undefined;
	}
}

/** A call's name here: as short as any other, however long its id, and holding on to nothing of the stanza it came in. */
export function digestOf(call: string): string {
	return hash("sha256", call, "base64");
}

function dropOldest(calls: Map<string, number>, count: number): void {
	let left = count;
	for (const name of calls.keys()) {
		if (left-- === 0) return;
		calls.delete(name);
	}
}
