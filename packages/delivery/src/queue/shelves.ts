import { Ring } from "../engine/ring.js";
import type { Lane } from "./lane.js";

/** The lanes of a version of a service where something waits. Functions have their turn, and in each its lanes. */
export class Shelf {
	readonly version: string;
	readonly #functions = new Ring<string>();
	readonly #lanes = new Map<string, Ring<Lane>>();
	#size = 0;

	constructor(version: string) {
		this.version = version;
	}

	get isEmpty(): boolean {
		return this.#size === 0;
	}

	add(lane: Lane): void {
		let ring = this.#lanes.get(lane.fn);
		if (ring === undefined) {
			ring = new Ring();
			this.#lanes.set(lane.fn, ring);
			this.#functions.add(lane.fn);
		}
		if (ring.add(lane)) this.#size++;
	}

	delete(lane: Lane): void {
		const ring = this.#lanes.get(lane.fn);
		if (ring?.delete(lane) === true) this.#size--;
		if (ring?.size !== 0) return;
		this.#lanes.delete(lane.fn);
		this.#functions.delete(lane.fn);
	}

	/** The lanes, beginning with the one whose turn it is. */
	*[Symbol.iterator](): Iterator<Lane> {
		for (const fn of this.#functions) yield* this.#lanes.get(fn) ?? [];
	}

	/** A call of this lane has been given out. */
	hasHadTurn(lane: Lane): void {
		this.#functions.hasHadTurn(lane.fn);
		this.#lanes.get(lane.fn)?.hasHadTurn(lane);
	}
}

/** What waits, by service and version: a version that nobody serves costs nothing but its place. */
export class Shelves {
	/** Services where something has changed: a call that waits, or somebody who takes some. */
	readonly touched = new Set<string>();
	readonly #services = new Map<string, Map<string, Shelf>>();

	add(lane: Lane): void {
		const service = serviceOf(lane.fn);
		this.touched.add(service);
		const shelves = this.#services.get(service) ?? new Map<string, Shelf>();
		this.#services.set(service, shelves);
		const shelf = shelves.get(lane.version) ?? new Shelf(lane.version);
		shelves.set(lane.version, shelf);
		shelf.add(lane);
	}

	delete(lane: Lane): void {
		const service = serviceOf(lane.fn);
		const shelves = this.#services.get(service);
		const shelf = shelves?.get(lane.version);
		if (shelves === undefined || shelf === undefined) return;
		shelf.delete(lane);
		if (shelf.isEmpty) shelves.delete(lane.version);
		if (shelves.size === 0) this.#services.delete(service);
	}

	of(service: string): Shelf[] {
		return [...(this.#services.get(service)?.values() ?? [])];
	}

	/** It is the last of its service to have its turn. */
	hasHadTurn(service: string, shelf: Shelf): void {
		const shelves = this.#services.get(service);
		if (shelves?.delete(shelf.version) === true) shelves.set(shelf.version, shelf);
	}

	clear(): void {
		this.#services.clear();
		this.touched.clear();
	}
}

/** `dictionary` of `dictionary.learn`. */
export function serviceOf(fn: string): string {
	return fn.slice(0, fn.lastIndexOf("."));
}
