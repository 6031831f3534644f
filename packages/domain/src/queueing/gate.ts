import { BusError } from "@antiphon/protocol";
import type { DomainHost } from "../host/domain-host.js";

/** How often it is looked whether a gate that is shut has opened, in milliseconds. */
const LOOK_MS = 50;

/**
 * When a queue may decide anything.
 *
 * | state   | when                                                                                         |
 * | ------- | -------------------------------------------------------------------------------------------- |
 * | shut    | there is no node yet, the link is down, or another host may have the domain                  |
 * | open    | none of that                                                                                 |
 * | closing | the domain drains: what is under way goes on, and nothing begins                             |
 * | ended   | the node has closed: what was taken is decided about, and nobody hears of it                 |
 */
export class Gate {
	#host: DomainHost | undefined;
	#isOnline = () => false;
	#end: "none" | "closing" | "ended" = "none";

	/** There is a node now. */
	attach(host: DomainHost, isOnline: () => boolean): void {
		this.#host = host;
		this.#isOnline = isOnline;
		host.onClosing(() => {
			this.#end = "closing";
		});
	}

	end(): void {
		this.#end = "ended";
	}

	get isOpen(): boolean {
		return this.#host !== undefined && this.#isOnline() && this.#host.isAlone();
	}

	/** Whether calls are given out. */
	get isGiving(): boolean {
		return this.#end === "none";
	}

	/** Whether everybody can be heard who has a lease. */
	get isHearing(): boolean {
		return this.isOpen && this.#host?.hearing.settlingMs === 0;
	}

	/** @throws BusError `unavailable` when nothing can be decided */
	requireOpen(): void {
		if (this.isOpen) return;
		throw new BusError("unavailable", "the queue of the domain is not ready: try again", { executed: "no" });
	}

	/** @throws BusError `unavailable` when nothing can begin */
	requireGiving(): void {
		this.requireOpen();
		if (this.isGiving) return;
		throw new BusError("unavailable", "the domain is ending: try again when it is back", { executed: "no" });
	}

	/** Runs an action behind the sockets that are ready, once it is open: what they bring is decided about together. */
	soon(action: () => void): void {
		setImmediate(() => {
			if (this.isOpen || this.#end === "ended") action();
			else setTimeout(() => this.soon(action), LOOK_MS);
		});
	}
}
