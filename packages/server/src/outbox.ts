import type { Socket } from "node:net";

/**
 * Collects the outboxes that have something to send and flushes them once, at the end of the turn of the event loop:
 * what became ready for one socket leaves in one write. `setImmediate` and not a microtask, because a microtask runs
 * after each socket that was read, and the stanzas of several senders for one receiver would leave one by one.
 */
export class FlushTurn {
	#waiting: Outbox[] = [];

	add(outbox: Outbox): void {
		if (this.#waiting.push(outbox) === 1) setImmediate(() => this.#run());
	}

	#run(): void {
		const ready = this.#waiting;
		this.#waiting = [];
		for (const outbox of ready) outbox.flush();
	}
}

/**
 * What waits to be written to one socket. Bounded: past `maxBytes` (waiting here and in the socket) everything that
 * waits is dropped and `onOverflow` is called once; the socket is then only good for a last word.
 */
export class Outbox {
	readonly #turn: FlushTurn;
	readonly #maxBytes: number;
	readonly #onOverflow: () => void;
	#socket: Socket;
	#texts: string[] = [];
	#textBytes = 0;
	#socketBytes = 0;
	#state: "open" | "overflown" | "closed" = "open";

	constructor(socket: Socket, turn: FlushTurn, maxBytes: number, onOverflow: () => void) {
		this.#socket = socket;
		this.#turn = turn;
		this.#maxBytes = maxBytes;
		this.#onOverflow = onOverflow;
	}

	/** Bytes that wait, here and in the socket. */
	get queuedBytes(): number {
		return this.#textBytes + this.#socketBytes;
	}

	/** Whether what is sent has a chance: nothing overflowed, and it is not closed. */
	get open(): boolean {
		return this.#state === "open";
	}

	/** After STARTTLS: what follows goes through the TLS socket. */
	moveTo(socket: Socket): void {
		this.#socket = socket;
	}

	send(text: string): void {
		if (this.#state !== "open") return;
		this.#textBytes += Buffer.byteLength(text);
		if (this.#textBytes + this.#socketBytes > this.#maxBytes) {
			this.#state = "overflown";
			this.#texts = [];
			this.#textBytes = 0;
			this.#onOverflow();
			return;
		}
		if (this.#texts.push(text) === 1) this.#turn.add(this);
	}

	/** Writes what waits, now. `written` is called when the socket has taken it. */
	flush(written?: () => void): void {
		if (this.#texts.length === 0 || this.#socket.destroyed) {
			this.#texts = [];
			this.#textBytes = 0;
			if (written !== undefined) setImmediate(written);
			return;
		}
		const bytes = this.#textBytes;
		const text = this.#texts.length === 1 ? (this.#texts[0] as string) : this.#texts.join("");
		this.#texts = [];
		this.#textBytes = 0;
		this.#socketBytes += bytes;
		this.#socket.write(text, () => {
			this.#socketBytes -= bytes;
			written?.();
		});
	}

	/** Sends a last word, beyond the bound, and ends the socket's writing side. Later sends are ignored. */
	end(text: string): void {
		if (this.#state === "closed") return;
		this.flush();
		this.#state = "closed";
		if (!this.#socket.destroyed) this.#socket.end(text);
	}
}
