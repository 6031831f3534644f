/** An outbox, as far as the total knows it. */
interface Counted {
	readonly queuedBytes: number;
	overflow(limit: "maxQueuedTotalBytes"): void;
}

/**
 * The bytes that wait in all outboxes together, and their bound. Above it the outbox in which most waits drops that, and
 * its stream is closed; so on until the rest is within the bound.
 */
export class QueueTotal {
	readonly #maxBytes: number;
	readonly #outboxes = new Set<Counted>();
	#bytes = 0;

	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	get bytes(): number {
		return this.#bytes;
	}

	add(outbox: Counted): void {
		this.#outboxes.add(outbox);
	}

	/** @param bytes what of it was still counted */
	delete(outbox: Counted, bytes: number): void {
		if (this.#outboxes.delete(outbox)) this.#bytes -= bytes;
	}

	queued(bytes: number): void {
		this.#bytes += bytes;
		if (this.#bytes > this.#maxBytes) this.#relieve();
	}

	taken(bytes: number): void {
		this.#bytes -= bytes;
	}

	#relieve(): void {
		// Each of them once: a part may be with the system already, and goes with its socket.
		const left = new Set(this.#outboxes);
		while (this.#bytes > this.#maxBytes) {
			let longest: Counted | undefined;
			for (const outbox of left) if (outbox.queuedBytes > (longest?.queuedBytes ?? 0)) longest = outbox;
			if (longest === undefined) return;
			left.delete(longest);
			longest.overflow("maxQueuedTotalBytes");
		}
	}
}
