import type { Instances } from "./instances.js";
import type { Lane } from "./lane.js";
import { Shelf } from "./shelf.js";

/** What waits for instances of one service. */
interface Section {
	/** Of instances: what the shelves are by. */
	readonly versions: Set<string>;
	/** No two of them are served by the same versions. */
	readonly shelves: Set<Shelf>;
}

/**
 * What waits, by service and by who serves it: there are as many shelves as versions of instances, and not as callers write,
 * and what nobody serves is on one that is not looked at. Lanes go to other shelves when a version comes, or is gone while
 * others are there; an only instance that leaves and comes back changes nothing.
 */
export class Shelves {
	/** Services where something has changed: a call that waits, or somebody who takes some. */
	readonly touched = new Set<string>();
	readonly #instances: Instances;
	readonly #fits: (wanted: string, served: string) => boolean;
	readonly #sections = new Map<string, Section>();
	readonly #places = new Map<Lane, Shelf>();
	/** The number of the last turn. */
	#turn = 0;

	constructor(instances: Instances, fits: (wanted: string, served: string) => boolean) {
		this.#instances = instances;
		this.#fits = fits;
	}

	add(lane: Lane): void {
		const service = serviceOf(lane.fn);
		this.touched.add(service);
		if (this.#places.has(lane)) return;
		const section = this.#sections.get(service) ?? this.#begin(service);
		const servedBy = [...section.versions].filter((version) => this.#fits(lane.version, version));
		this.#put(lane, twinOf(section, servedBy) ?? newIn(section, servedBy));
	}

	delete(lane: Lane): void {
		const shelf = this.#places.get(lane);
		const service = serviceOf(lane.fn);
		const section = this.#sections.get(service);
		if (shelf === undefined || section === undefined) return;
		this.#places.delete(lane);
		shelf.delete(lane);
		if (shelf.size === 0) section.shelves.delete(shelf);
		if (section.shelves.size === 0) this.#sections.delete(service);
	}

	/** Those that somebody serves who pulls. */
	of(service: string): Shelf[] {
		const section = this.#sections.get(service);
		const versions = this.#instances.versions(service);
		if (section === undefined || versions.size === 0) return [];
		for (const version of versions) if (!section.versions.has(version)) this.#come(section, version);
		for (const version of section.versions) if (!versions.has(version)) this.#gone(section, version);
		return [...section.shelves].filter(({ servedBy }) => servedBy.size > 0);
	}

	/** A call of this lane has been given out: on all shelves others come first now. */
	hasHadTurn(lane: Lane): void {
		this.#turn++;
		for (const shelf of this.#sections.get(serviceOf(lane.fn))?.shelves ?? []) shelf.hasHadTurn(lane, this.#turn);
	}

	clear(): void {
		this.#sections.clear();
		this.#places.clear();
		this.touched.clear();
	}

	#begin(service: string): Section {
		const section = { versions: new Set(this.#instances.versions(service)), shelves: new Set<Shelf>() };
		this.#sections.set(service, section);
		return section;
	}

	#put(lane: Lane, shelf: Shelf): void {
		shelf.add(lane, this.#turn);
		this.#places.set(lane, shelf);
	}

	/** Each shelf is served by one version more, or is divided into what is and what is not. The smaller part moves. */
	#come(section: Section, version: string): void {
		section.versions.add(version);
		const known = new Map<string, boolean>();
		const isServed = (lane: Lane) => {
			const isKnown = known.get(lane.version) ?? this.#fits(lane.version, version);
			known.set(lane.version, isKnown);
			return isKnown;
		};
		for (const shelf of [...section.shelves]) {
			const [served, others]: [Lane[], Lane[]] = [[], []];
			for (const lane of shelf) (isServed(lane) ? served : others).push(lane);
			if (served.length === 0) continue;
			const split = others.length === 0 ? undefined : newIn(section, shelf.servedBy);
			const isMost = served.length > others.length;
			(split === undefined || isMost ? shelf : split).servedBy.add(version);
			if (split !== undefined) for (const lane of isMost ? others : served) this.#move(lane, shelf, split);
		}
	}

	/** Each shelf is served by one version less; it may have a twin then, and the smaller one moves over. */
	#gone(section: Section, version: string): void {
		section.versions.delete(version);
		const changed = [...section.shelves].filter(({ servedBy }) => servedBy.has(version));
		for (const shelf of changed) {
			section.shelves.delete(shelf);
			shelf.servedBy.delete(version);
			const twin = twinOf(section, shelf.servedBy);
			const [from, to] = twin === undefined || twin.size < shelf.size ? [twin, shelf] : [shelf, twin];
			if (from !== undefined) for (const lane of [...from]) this.#move(lane, from, to);
			if (twin !== undefined) section.shelves.delete(twin);
			section.shelves.add(to);
		}
	}

	#move(lane: Lane, from: Shelf, to: Shelf): void {
		from.delete(lane);
		this.#put(lane, to);
	}
}

/** `dictionary` of `dictionary.learn`. */
export function serviceOf(fn: string): string {
	return fn.slice(0, fn.lastIndexOf("."));
}

/** The shelf that is served by just these. */
function twinOf({ shelves }: Section, servedBy: Iterable<string>): Shelf | undefined {
	const versions = [...servedBy];
	for (const shelf of shelves) {
		if (shelf.servedBy.size === versions.length && versions.every((each) => shelf.servedBy.has(each))) return shelf;
	}
	return undefined;
}

function newIn({ shelves }: Section, servedBy: Iterable<string>): Shelf {
	const shelf = new Shelf(servedBy);
	shelves.add(shelf);
	return shelf;
}
