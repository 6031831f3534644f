import type { Process } from "../machine.js";
import type { Network, Stanza } from "../network.js";
import type { Body } from "../wire.js";

/** What became of a request. `unknown`: it may have been read. */
export type Answer =
	| { readonly is: "result"; readonly body: Body }
	| { readonly is: "error"; readonly executed: "no" | "unknown" };

/** The requests that a session has sent and that are not answered. An answer counts from whom was asked, and once. */
export class Requests {
	readonly #network: Network<Body>;
	readonly #process: Process;
	readonly #open = new Map<string, { readonly to: string; readonly settle: (answer: Answer) => void }>();
	#asked = 0;

	constructor(network: Network<Body>, process: Process) {
		this.#network = network;
		this.#process = process;
	}

	ask(from: string, to: string, body: Body, timeoutMs: number, done: (answer: Answer) => void): void {
		if (!this.#process.acts()) return;
		const id = `${from} ${this.#asked++}`;
		const forget = this.#process.clock.after(timeoutMs, () => settle({ is: "error", executed: "unknown" }));
		const settle = (answer: Answer) => {
			if (!this.#open.delete(id)) return;
			forget();
			done(answer);
		};
		this.#open.set(id, { to, settle });
		this.#network.send({ kind: "set", id, from, to, body });
	}

	answered({ kind, id, from, executed, body }: Stanza<Body>): void {
		const open = this.#open.get(id);
		if (open === undefined || open.to !== from) return;
		if (kind === "result" && body !== undefined) open.settle({ is: "result", body });
		else open.settle({ is: "error", executed: executed ?? "unknown" });
	}

	/** The link is gone: what was sent may have been read. */
	lost(): void {
		for (const { settle } of [...this.#open.values()]) settle({ is: "error", executed: "unknown" });
	}
}
