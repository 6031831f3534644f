import { BusError } from "@antiphon/protocol";
import type { OutboxRunner } from "./calling/outbox-runner.js";
import type { InboxRunner } from "./serving/inbox-runner.js";

/** The outbox and the inbox of a node: opened before its link, and closed once, by whatever ends it. */
export class Journals {
	readonly #outbox: OutboxRunner;
	readonly #inbox: InboxRunner;
	#closed: Promise<unknown> | undefined;

	constructor(outbox: OutboxRunner, inbox: InboxRunner) {
		this.#outbox = outbox;
		this.#inbox = inbox;
	}

	/** @throws BusError */
	async open(): Promise<void> {
		await this.#outbox.open();
		await this.#inbox.open();
	}

	/** Settles when they are closed, if they are being closed. */
	get closed(): Promise<unknown> | undefined {
		return this.#closed;
	}

	/** Stores what was taken, and no more. Never rejects. */
	close(): Promise<unknown> {
		this.#outbox.failAll(new BusError("link-lost", "the node was closed"));
		this.#closed ??= Promise.all([this.#outbox.stop(), this.#inbox.stop()]);
		return this.#closed;
	}
}
