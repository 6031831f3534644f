import { type BackOff, backOffMs } from "./back-off.js";
import { Timetable } from "./timetable.js";

export interface ExchangeOptions {
	readonly backOff: BackOff;
	/** An answer that has not come by then will not come, in milliseconds. */
	readonly answerMs: number;
	/** What may be in flight: requests, and the sum of their sizes. One request may be, whatever its size. */
	readonly inFlight: Amount;
	/** The same for each peer. */
	readonly inFlightPerPeer: Amount;
}

export interface Amount {
	readonly count: number;
	readonly size: number;
}

/** What is to be sent now: the answer to it comes with `request`. */
export interface Ask {
	readonly key: string;
	readonly request: number;
}

interface Item {
	readonly key: string;
	readonly peer: string;
	readonly size: number;
	/** Asked without success since it was put, or since the peer was reached anew. */
	attempts: number;
	/** While it is in flight. */
	request: number | undefined;
}

/**
 * Requests that are repeated until they are answered. Each item is for one peer and is one of:
 *
 * | state | event | to |
 * | --- | --- | --- |
 * | – | `put` | ready |
 * | ready | `take`, the peer can be asked and there is room | in flight |
 * | in flight | `answered` | resting, until its owner says what comes next: `put`, `retry`, `later` or `delete` |
 * | in flight | no answer for `answerMs` | waiting for its back-off |
 * | resting | `retry` | waiting for its back-off, which grows with each attempt |
 * | resting | `later` | waiting until then |
 * | waiting | its time | ready |
 * | waiting | `sooner` | waiting until then, if that is earlier |
 * | any | `put`, `restart` | ready, as if never asked; an answer to what was in flight is none any more |
 * | any | `delete` | – |
 *
 * In flight are at most as many as the options say; the rest stays ready, and peers take turns. How much there may be of items
 * in all is the business of who puts them. Times are those of `JournalTime.up`.
 */
export class Exchange {
	readonly #options: ExchangeOptions;
	/** In the order in which they were put first. */
	readonly #items = new Map<string, Item>();
	/** By peer, the one first whose turn it is. */
	readonly #ready = new Map<string, Set<Item>>();
	/** Of what is waiting or in flight. */
	readonly #times = new Timetable();
	readonly #requests = new Map<number, Item>();
	readonly #inFlight = new Map<string, Amount>();
	#sizeInFlight = 0;
	/** Never counts anew: an answer from before must not be taken for one to another request. */
	#lastRequest = 0;

	constructor(options: ExchangeOptions) {
		this.#options = options;
	}

	get size(): number {
		return this.#items.size;
	}

	has(key: string): boolean {
		return this.#items.has(key);
	}

	/** To be asked as soon as may be, for the first time. Its peer and size stay what they were if it is here. */
	put(key: string, peer: string, size: number): void {
		const item = this.#items.get(key) ?? { key, peer, size, attempts: 0, request: undefined };
		this.#items.set(key, item);
		this.#restart(item);
	}

	/** @returns the key of what was asked; `undefined`: the request is over, or there was none */
	answered(request: number): string | undefined {
		const item = this.#requests.get(request);
		if (item === undefined) return undefined;
		this.#land(item);
		this.#times.delete(item.key);
		return item.key;
	}

	/** To be asked again after its back-off, and not before `atLeastMs` are over. */
	retry(key: string, up: number, atLeastMs = 0): void {
		const item = this.#items.get(key);
		if (item === undefined) return;
		this.#rest(item);
		item.attempts++;
		this.#times.set(key, up + Math.max(atLeastMs, backOffMs(this.#options.backOff, item.attempts, key)));
	}

	/** To be asked at this time, as if for the first time. */
	later(key: string, at: number): void {
		const item = this.#items.get(key);
		if (item === undefined) return;
		this.#rest(item);
		item.attempts = 0;
		this.#times.set(key, at);
	}

	/** To be asked at this time, if it waits for a later one. */
	sooner(key: string, at: number): void {
		const waitsFor = this.#times.get(key);
		const isInFlight = this.#items.get(key)?.request !== undefined;
		if (!isInFlight && waitsFor !== undefined && waitsFor > at) this.#times.set(key, at);
	}

	delete(key: string): void {
		const item = this.#items.get(key);
		if (item === undefined) return;
		this.#rest(item);
		this.#items.delete(key);
	}

	/** Everything is to be asked as if for the first time, in the order in which it was put. */
	restart(peer?: string): void {
		for (const item of this.#items.values()) if (peer === undefined || item.peer === peer) this.#restart(item);
	}

	clear(): void {
		this.#items.clear();
		this.#ready.clear();
		this.#times.clear();
		this.#requests.clear();
		this.#inFlight.clear();
		this.#sizeInFlight = 0;
	}

	/**
	 * What is to be sent now. It is in flight from then on.
	 * @param canAsk whether a peer can be reached
	 */
	take(up: number, canAsk: (peer: string) => boolean = () => true): Ask[] {
		this.#wake(up);
		const asks: Ask[] = [];
		let turns = [...this.#ready.keys()].filter(canAsk);
		while (turns.length > 0) turns = turns.filter((peer) => this.#askOne(peer, up, asks));
		return asks;
	}

	/** When `take` may have more, by `up`, though nothing happens. */
	wakeUp(): number | undefined {
		return this.#times.next();
	}

	/** @returns whether the peer may get another one */
	#askOne(peer: string, up: number, asks: Ask[]): boolean {
		const ready = this.#ready.get(peer);
		const [item] = ready ?? [];
		if (ready === undefined || item === undefined || !this.#hasRoom(item)) return false;
		// Behind the others, whose turn it is next.
		this.#ready.delete(peer);
		ready.delete(item);
		if (ready.size > 0) this.#ready.set(peer, ready);
		item.request = ++this.#lastRequest;
		this.#requests.set(item.request, item);
		this.#count(item, 1);
		this.#times.set(item.key, up + this.#options.answerMs);
		asks.push({ key: item.key, request: item.request });
		return true;
	}

	#hasRoom({ peer, size }: Item): boolean {
		const { inFlight, inFlightPerPeer } = this.#options;
		const all = { count: this.#requests.size, size: this.#sizeInFlight };
		return fits(all, size, inFlight) && fits(this.#inFlight.get(peer) ?? NOTHING, size, inFlightPerPeer);
	}

	#wake(up: number): void {
		for (let key = this.#times.take(up); key !== undefined; key = this.#times.take(up)) {
			const item = this.#items.get(key) as Item;
			if (item.request === undefined) this.#makeReady(item);
			else {
				this.#land(item);
				this.retry(key, up);
			}
		}
	}

	#restart(item: Item): void {
		this.#rest(item);
		item.attempts = 0;
		this.#makeReady(item);
	}

	#makeReady(item: Item): void {
		const ready = this.#ready.get(item.peer) ?? new Set();
		this.#ready.set(item.peer, ready.add(item));
	}

	/** Neither ready nor waiting nor in flight. */
	#rest(item: Item): void {
		if (item.request !== undefined) this.#land(item);
		this.#times.delete(item.key);
		const ready = this.#ready.get(item.peer);
		if (ready?.delete(item) && ready.size === 0) this.#ready.delete(item.peer);
	}

	#land(item: Item): void {
		this.#requests.delete(item.request as number);
		item.request = undefined;
		this.#count(item, -1);
	}

	#count({ peer, size }: Item, change: 1 | -1): void {
		const before = this.#inFlight.get(peer) ?? NOTHING;
		const count = before.count + change;
		if (count === 0) this.#inFlight.delete(peer);
		else this.#inFlight.set(peer, { count, size: before.size + change * size });
		this.#sizeInFlight += change * size;
	}
}

const NOTHING: Amount = { count: 0, size: 0 };

function fits(there: Amount, size: number, bound: Amount): boolean {
	return there.count === 0 || (there.count < bound.count && there.size + size <= bound.size);
}
