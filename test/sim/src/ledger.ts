import type { Caller } from "./actors/caller.js";
import type { Domain } from "./actors/domain.js";
import type { CallName, Event, History } from "./history.js";

/** Who has taken on what, by the history, and what has become of it, by the disks. */
export class Ledger {
	readonly #history: History;
	readonly #domain: Domain;
	/** Those that are there in the end. */
	readonly #callers: readonly Caller[];
	/** Up to where the history has been read. */
	#read = 0;
	readonly #accepted = new Set<CallName>();
	/** By whom. */
	readonly #kept = new Map<CallName, string>();
	/** What was seen to be settled there. */
	readonly #settled = new Map<Domain | Caller, Set<CallName>>();

	constructor(history: History, domain: Domain, callers: readonly Caller[]) {
		this.#history = history;
		this.#domain = domain;
		this.#callers = callers;
	}

	/** What was accepted, or kept by somebody who is there, and has no outcome where it should have one. */
	open(): CallName[] {
		this.#catchUp();
		const open: CallName[] = [];
		for (const node of [this.#domain, ...this.#callers]) {
			const settled = this.#settled.get(node) ?? new Set();
			this.#settled.set(node, settled);
			const calls = this.#callsOf(node).filter((call) => !settled.has(call));
			for (const [i, outcome] of node.outcomes(calls).entries()) {
				const call = calls[i] as CallName;
				if (outcome === undefined) open.push(call);
				else settled.add(call);
			}
		}
		// What an application has yet to do, it does: then there is more to be settled.
		return [...open, ...this.#callers.flatMap((caller) => caller.toDo())];
	}

	/** What is on the disks in the end is said, too. */
	close(): void {
		for (const node of [this.#domain, ...this.#callers]) {
			const calls = this.#callsOf(node);
			const where = node === this.#domain ? "domain" : node.name;
			for (const [i, outcome] of node.outcomes(calls).entries()) {
				const call = calls[i] as CallName;
				if (outcome !== undefined) this.#history.add({ type: "outcome", call, outcome, by: "end", where });
			}
		}
	}

	#catchUp(): void {
		const { events } = this.#history;
		for (; this.#read < events.length; this.#read++) {
			const event = events[this.#read] as Event;
			if (event.type === "accepted") this.#accepted.add(event.call);
			else if (event.type === "kept" && event.isDurable) this.#kept.set(event.call, event.caller);
		}
	}

	/** What a node has taken on: accepted, or kept. */
	#callsOf(node: Domain | Caller): CallName[] {
		if (node === this.#domain) return [...this.#accepted];
		return [...this.#kept].flatMap(([call, keeper]) => (keeper === node.name ? [call] : []));
	}
}
