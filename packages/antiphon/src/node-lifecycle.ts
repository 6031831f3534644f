import type { BusError } from "@antiphon/protocol";
import { Latest } from "./latest.js";
import type { NodeStatus } from "./node-status.js";

/** What a node is doing: what it tells as its status, and `closing`, in which what it had last told still stands. */
export type NodeState = NodeStatus | { readonly state: "closing" };

/** A node moves on and never back; only the states of its link, which stand side by side, alternate. */
const ORDER: Readonly<Record<NodeState["state"], number>> = {
	connecting: 0,
	online: 0,
	draining: 1,
	closing: 2,
	closed: 3,
};

/** The one place where a node's state changes. */
export class NodeLifecycle {
	#state: NodeState = { state: "connecting", attempt: 1 };
	readonly #status = new Latest<NodeStatus>({ state: "connecting", attempt: 1 });
	/** Resolves when the state is `closed`, with its cause. */
	readonly closed: Promise<BusError | undefined>;
	#resolveClosed!: (cause: BusError | undefined) => void;

	constructor() {
		this.closed = new Promise((resolve) => {
			this.#resolveClosed = resolve;
		});
	}

	/** Whether new work is taken: not while draining or after. */
	get isOpen(): boolean {
		return ORDER[this.#state.state] === 0;
	}

	/** @returns whether the state has changed: a node does not go back, nor twice to where it is */
	become(next: NodeState): boolean {
		const [from, to] = [ORDER[this.#state.state], ORDER[next.state]];
		if (to < from || (to === from && to > 0)) return false;
		this.#state = next;
		if (next.state !== "closing") this.#status.set(next);
		if (next.state === "closed") {
			this.#status.end();
			this.#resolveClosed(next.cause);
		}
		return true;
	}

	/** Every status from now on, until closed. */
	status(): AsyncIterable<NodeStatus> {
		return { [Symbol.asyncIterator]: () => this.#status.read() };
	}
}
