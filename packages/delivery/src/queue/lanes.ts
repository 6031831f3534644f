import type { Desk } from "../engine/core.js";
import { endOf, numberKey } from "../journal/binary.js";
import { type Key, StoreError, type View } from "../journal/journal.js";
import type { Call } from "./call-book.js";
import { Census } from "./census.js";
import type { Lane } from "./lane.js";
import { decodeLane, encode, type Head, LANES, laneHash, NOTHING, nIn, WAITING } from "./queue-record.js";
import type { Shelves } from "./shelves.js";

/** As many of a lane's waiting calls are known at a time: more would be memory, fewer more reading. */
const WINDOW = 32;
const PAGE = 1_000;

/** Where calls wait: the first in the order of their numbers, in lanes whose memory does not grow with what waits in them. */
export class Lanes {
	readonly shelves: Shelves;
	readonly census: Census;
	readonly #lanes = new Map<string, Lane>();
	readonly #changed = new Set<Lane>();

	constructor(shelves: Shelves, home: string | undefined) {
		this.shelves = shelves;
		this.census = new Census(home);
	}

	get size(): number {
		return this.#lanes.size;
	}

	all(): Iterable<Lane> {
		return this.#lanes.values();
	}

	has(fn: string, version: string, sender: string): boolean {
		return this.#lanes.has(nameOf({ fn, version, sender }));
	}

	/** A call has come. */
	open({ head }: Call): void {
		const name = nameOf(head);
		let lane = this.#lanes.get(name);
		if (lane === undefined) {
			const { fn, version, sender } = head;
			const hash = laneHash(fn, version, sender);
			lane = { hash, fn, version, sender, open: 0, waiting: 0, window: [] };
			this.#lanes.set(name, lane);
			this.census.addLane(lane, 1);
		}
		lane.open++;
		this.census.add(lane, 1);
		this.#changed.add(lane);
	}

	/** A call is settled; it does not wait. */
	close(call: Call): void {
		const lane = this.#laneOf(call);
		lane.open--;
		this.census.add(lane, -1);
		this.#changed.add(lane);
		if (lane.open > 0) return;
		this.#lanes.delete(nameOf(lane));
		this.census.addLane(lane, -1);
	}

	/** A call waits from now on. */
	add(desk: Desk, call: Call): void {
		const lane = this.#laneOf(call);
		desk.put(WAITING + lane.hash + numberKey(call.n), NOTHING);
		const { window } = lane;
		const isWhole = window.length === lane.waiting;
		lane.waiting++;
		if (isWhole || call.n < (window.at(-1) ?? 0)) {
			const place = window.findIndex((n) => n > call.n);
			window.splice(place < 0 ? window.length : place, 0, call.n);
			if (window.length > WINDOW) window.pop();
		}
		this.shelves.add(lane);
	}

	/** A call does not wait any more. */
	delete(desk: Desk, call: Call): void {
		const lane = this.#laneOf(call);
		desk.delete(WAITING + lane.hash + numberKey(call.n));
		lane.waiting--;
		const place = lane.window.indexOf(call.n);
		if (place >= 0) lane.window.splice(place, 1);
		if (lane.waiting === 0) this.shelves.delete(lane);
	}

	/** The call of a lane that is next. */
	head(view: View, lane: Lane): number {
		if (lane.window.length === 0) {
			const prefix = WAITING + lane.hash;
			lane.window = view.keys(prefix, endOf(prefix), WINDOW).map(nIn);
		}
		const [first] = lane.window;
		if (first === undefined) throw new StoreError("failed", `a call of ${lane.fn} that waits is not there`);
		return first;
	}

	/** Puts what has changed onto the desk. */
	end(desk: Desk): void {
		for (const { hash, fn, version, sender, open } of this.#changed) {
			if (open === 0) desk.delete(LANES + hash);
			else desk.put(LANES + hash, encode({ fn, version, sender, open }));
		}
		this.#changed.clear();
	}

	recover(view: View): void {
		this.#lanes.clear();
		this.#changed.clear();
		this.shelves.clear();
		this.census.clear();
		let from: Key = LANES;
		for (;;) {
			const keys = view.keys(from, endOf(LANES), PAGE);
			for (const key of keys) this.#recoverLane(view, key);
			const last = keys.at(-1);
			if (last === undefined || keys.length < PAGE) return;
			from = `${last}\0`;
		}
	}

	#recoverLane(view: View, key: Key): void {
		const hash = key.slice(LANES.length);
		const prefix = WAITING + hash;
		const lane: Lane = {
			...decodeLane(key, view.get(key)),
			hash,
			waiting: view.count(prefix, endOf(prefix)),
			window: [],
		};
		this.#lanes.set(nameOf(lane), lane);
		this.census.addLane(lane, 1);
		this.census.add(lane, lane.open);
		if (lane.waiting > 0) this.shelves.add(lane);
	}

	#laneOf({ n, head }: Call): Lane {
		const lane = this.#lanes.get(nameOf(head));
		if (lane === undefined) throw new StoreError("failed", `call ${n} of ${head.fn} has no lane`);
		return lane;
	}
}

function nameOf({ fn, version, sender }: Pick<Head, "fn" | "version" | "sender">): string {
	return `${fn}\n${version}\n${sender}`;
}
