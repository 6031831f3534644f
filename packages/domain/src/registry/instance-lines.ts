import { isServedBy } from "@antiphon/contract";
import { encodeInstance, type InstanceState, type Jid, MAX_INSTANCES, NS } from "@antiphon/protocol";
import { type Element, serialize } from "@antiphon/xml";
import { instanceLine } from "./instance-line.js";
import type { Instance } from "./registry.js";

interface Line {
	readonly element: Element;
	readonly chars: number;
	/** How the instance was when it was encoded. */
	readonly state: InstanceState;
	readonly running: number;
}

interface Placed {
	readonly place: number;
	readonly instance: Instance;
}

/** Characters of the lines that one caller is told: with its envelope it stays far below the usual limit of a stanza. */
const MAX_CHARS = 40 * 1024;

/** What one caller is told of. */
export interface Told {
	readonly lines: readonly Element[];
	/** How many instances there are, whether told or not. */
	readonly total: number;
}

/** Each instance is encoded when somebody is told of it, and again when it has changed: there may be many who are told. */
const encoded = new WeakMap<Instance, Line>();

/**
 * The instances of one service as callers are told of them. Who is told costs what one answer holds, however many
 * instances there are: where they are too many, they stand on a ring by the hash of their names, and a caller is told of
 * those that follow its own hash.
 */
export class InstanceLines {
	readonly #instances: readonly Instance[];
	readonly #versions: ReadonlySet<string>;
	/** The rings made so far, by the versions on them: at most as many as there are versions, and one of all. */
	readonly #rings = new Map<string, readonly Placed[]>();

	/** @param instances all of one service; to be made anew when one comes or goes */
	constructor(instances: readonly Instance[]) {
		this.#instances = instances;
		this.#versions = new Set(instances.map(({ version }) => version));
	}

	/** One of them, by its name. */
	only(name: string): Told {
		const lines = this.#instances.filter(({ instance }) => instance === name).map((each) => lineOf(each).element);
		return { lines, total: lines.length };
	}

	/** As much as one answer holds: not the same ones for everybody, but for one caller the same each time. */
	for(caller: Jid, version: string | undefined): Told {
		const versions = this.#serving(version);
		const ring = this.#ringOf(versions);
		const total = ring.length;
		const all = total > MAX_INSTANCES ? undefined : this.#allOf(versions);
		if (all !== undefined) return { lines: all, total };
		const lines: Element[] = [];
		let chars = 0;
		const start = placeOn(ring, hashOf(caller.toString()));
		for (let i = 0; i < Math.min(total, MAX_INSTANCES); i++) {
			const { instance } = ring[(start + i) % total] as Placed;
			const line = lineOf(instance);
			chars += line.chars;
			if (chars > MAX_CHARS) break;
			lines.push(line.element);
		}
		return { lines, total };
	}

	/** The versions that serve a caller; all where none does, for an error that names them. */
	#serving(version: string | undefined): ReadonlySet<string> {
		if (version === undefined) return this.#versions;
		const serving = new Set([...this.#versions].filter((each) => isServedBy(version, each)));
		return serving.size === 0 ? this.#versions : serving;
	}

	#ringOf(versions: ReadonlySet<string>): readonly Placed[] {
		const key = [...versions].join(" ");
		const known = this.#rings.get(key);
		if (known !== undefined) return known;
		const ring = this.#instances
			.filter(({ version }) => versions.has(version))
			.map((instance) => ({ instance, place: hashOf(instance.instance) }))
			.sort((a, b) => a.place - b.place);
		this.#rings.set(key, ring);
		return ring;
	}

	/** The lines of few instances in the order in which they registered; `undefined` if they do not fit. */
	#allOf(versions: ReadonlySet<string>): Element[] | undefined {
		const lines = this.#instances.filter(({ version }) => versions.has(version)).map(lineOf);
		const chars = lines.reduce((sum, line) => sum + line.chars, 0);
		return chars > MAX_CHARS ? undefined : lines.map(({ element }) => element);
	}
}

function lineOf(instance: Instance): Line {
	const { state, running } = instance;
	const known = encoded.get(instance);
	if (known !== undefined && known.state === state && known.running === running) return known;
	const element = encodeInstance(instanceLine(instance), NS.resolve);
	const line = { element, chars: serialize(element).length, state, running };
	encoded.set(instance, line);
	return line;
}

/** The first on the ring that stands at `place` or behind it. */
function placeOn(ring: readonly Placed[], place: number): number {
	let [low, high] = [0, ring.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		if ((ring[middle] as Placed).place < place) low = middle + 1;
		else high = middle;
	}
	return low;
}

/** Spreads evenly, and no more is asked of it (FNV-1a, 32 bits, and the last steps of MurmurHash3: names differ at their ends). */
function hashOf(text: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
	hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
	return (hash ^ (hash >>> 16)) >>> 0;
}
