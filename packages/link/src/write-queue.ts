import { BusError } from "@antiphon/protocol";

export interface WriteQueueActions {
	/** Writes; `done` is called when the operating system has taken it all. Never called again before that. */
	write(text: string, bytes: number, done: () => void): void;
	/** A write begins. */
	writing(): void;
	/** It was taken. */
	written(): void;
	/** Bytes that may be written now. With 0 or less nothing is, until {@link WriteQueue.resume}. */
	room(): number;
}

/** What one turn's write holds at most. What is above follows in writes of its own. */
const MAX_WRITE_BYTES = 128 * 1024;
/** When catching up, writes are smaller, so that slow progress can be told from a standstill. */
const MAX_CATCH_UP_BYTES = 32 * 1024;

/**
 * Gathers what is sent in one turn of the event loop into one write.
 *
 * The write is made by `setImmediate`, after all the input that was ready has been handled: a microtask or a tick
 * would part with the first answer before the second is there (measured in docs/adr/0003-xmpp-js.md).
 *
 * Bounded: when `maxBytes` are waiting, counting what the operating system has not taken yet, `push` throws `overloaded`
 * and takes nothing.
 */
export class WriteQueue {
	readonly #maxBytes: number;
	readonly #actions: WriteQueueActions;
	#texts: string[] = [];
	/** The bytes of each text. */
	#sizes: number[] = [];
	#bytes = 0;
	/** Of these, in the hands of the socket. */
	#writing = 0;
	#scheduled: NodeJS.Immediate | undefined;
	#busy = false;
	#onEmpty: (() => void) | undefined;

	constructor(maxBytes: number, actions: WriteQueueActions) {
		this.#maxBytes = maxBytes;
		this.#actions = actions;
	}

	/** Bytes waiting, those in the hands of the socket included. */
	get bytes(): number {
		return this.#bytes;
	}

	/** Bytes that wait on this side: those in the hands of the socket are not among them. */
	get queuedBytes(): number {
		return this.#bytes - this.#writing;
	}

	/** @throws BusError `overloaded` */
	push(text: string, bytes: number): void {
		if (this.#bytes + bytes > this.#maxBytes) {
			throw new BusError("overloaded", `${this.#bytes} bytes are already waiting to be sent to the XMPP server`, {
				retryAfterMs: 1000,
			});
		}
		this.#texts.push(text);
		this.#sizes.push(bytes);
		this.#bytes += bytes;
		if (!this.#busy) this.#scheduled ??= setImmediate(() => this.#flush(MAX_WRITE_BYTES));
	}

	/** Calls `action` as soon as nothing is waiting any more. */
	whenEmpty(action: () => void): void {
		if (this.#bytes === 0) action();
		else this.#onEmpty = action;
	}

	/** There is room again. */
	resume(): void {
		if (!this.#busy && this.#scheduled === undefined) this.#flush(MAX_CATCH_UP_BYTES);
	}

	/** Forgets what is waiting. */
	clear(): void {
		if (this.#scheduled !== undefined) clearImmediate(this.#scheduled);
		this.#texts = [];
		this.#sizes = [];
		this.#bytes = 0;
		this.#writing = 0;
		this.#onEmpty = undefined;
	}

	#flush(maxBytes: number): void {
		this.#scheduled = undefined;
		const room = this.#actions.room();
		if (room <= 0 || this.#texts.length === 0) return;
		const { text, bytes } = this.#take(Math.min(maxBytes, room));
		this.#busy = true;
		this.#writing = bytes;
		this.#actions.writing();
		this.#actions.write(text, bytes, () => {
			this.#busy = false;
			this.#writing = 0;
			this.#bytes = Math.max(0, this.#bytes - bytes);
			this.#actions.written();
			if (this.#texts.length > 0) this.#flush(MAX_CATCH_UP_BYTES);
			else if (this.#bytes === 0) this.#onEmpty?.();
		});
	}

	/** The front of the queue: as many stanzas as one write takes, and one at least. */
	#take(maxBytes: number): { readonly text: string; readonly bytes: number } {
		const sizes = this.#sizes;
		let bytes = 0;
		let count = 0;
		while (count < sizes.length && (count === 0 || bytes + (sizes[count] as number) <= maxBytes)) {
			bytes += sizes[count] as number;
			count += 1;
		}
		sizes.splice(0, count);
		return { text: this.#texts.splice(0, count).join(""), bytes };
	}
}
