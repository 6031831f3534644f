/** Nodes that are kept for the next start. The others register, or ask, again by themselves. */
const MAX_NODES = 1_024;
/** Longer addresses are not kept, in characters. */
const MAX_CHARS = 512;

/**
 * The full JIDs of the nodes that have something registered, or are told of changes, for a host that starts: it can tell
 * these that it has. Those of the last time are kept as well until it has settled: who has not come again by then has gone.
 */
export class KnownNodes {
	readonly #here = new Set<string>();
	#lastTime: ReadonlySet<string>;
	readonly #changed: () => void;

	/** @param changed called when there is something new to store */
	constructor(lastTime: readonly string[], changed: () => void) {
		this.#lastTime = new Set(lastTime.slice(0, MAX_NODES));
		this.#changed = changed;
	}

	/** @param isHere whether it is one of them now */
	set(node: string, isHere: boolean): void {
		if (this.#here.has(node) === isHere) return;
		if (isHere) this.#here.add(node);
		else this.#here.delete(node);
		this.#changed();
	}

	/** None but these are here any more. */
	keep(still: ReadonlySet<string>): void {
		for (const node of [...this.#here]) if (!still.has(node)) this.set(node, false);
	}

	forgetLastTime(): void {
		if (this.#lastTime.size > 0) this.#changed();
		this.#lastTime = new Set();
	}

	/** What to store, and whom to tell. */
	all(): string[] {
		const all: string[] = [];
		for (const node of new Set([...this.#here, ...this.#lastTime])) {
			if (all.length === MAX_NODES) break;
			if (node.length <= MAX_CHARS) all.push(node);
		}
		return all;
	}
}
