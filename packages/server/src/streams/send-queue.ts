import type { Socket } from "node:net";
import type { HeldTotal, Holder } from "./held-total.js";
import { Shares } from "./shares.js";

/**
 * Collects the queues that have something to send and flushes them once, at the end of the turn of the event loop:
 * what became ready for one socket leaves in one write. `setImmediate` and not a microtask, because a microtask runs
 * after each socket that was read, and the stanzas of several senders for one receiver would leave one by one.
 */
export class FlushTurn {
	#waiting: SendQueue[] = [];

	add(queue: SendQueue): void {
		if (this.#waiting.push(queue) === 1) setImmediate(() => this.#run());
	}

	#run(): void {
		const ready = this.#waiting;
		this.#waiting = [];
		for (const queue of ready) queue.flush();
	}
}

/** What can be queued: one stanza, or several, never a part of one. */
export interface Writing {
	readonly text: string;
	/** Of the text in UTF-8. */
	readonly bytes: number;
}

/** How far a peer is behind. */
export interface Backlog {
	/** Bytes that wait, in the queue and in the socket. */
	readonly queuedBytes: number;
	/** Bytes that the socket has taken since the start. While bytes wait and this stands still, the peer does not read. */
	readonly takenBytes: number;
}

/**
 * What became of a stanza at its receiver: it waits to be written; it is larger than may be written; there is no room
 * for it, or the receiver is about to be closed.
 */
export type Delivery = "queued" | "too-large" | "no-room";

/** The limit that made a queue drop what waited. */
export type OverflownLimit = "maxQueuedBytes" | "maxQueuedTotalBytes";

export interface SendQueueParts {
	readonly turn: FlushTurn;
	readonly total: HeldTotal;
	readonly maxBytes: number;
	/** Who has to answer for what waits here: the receiver's account or domain. */
	payer(): string;
	/** What waited was dropped; the queue is only good for a last word. Called again if even that keeps too much waiting. */
	onOverflow(limit: OverflownLimit): void;
}

/** Of more than this, a piece is made: one write. Whole stanzas, so that a last word can follow any of them. */
const PIECE_BYTES = 64 * 1024;

/**
 * What waits to be written to one socket. One piece is with the socket; the others wait here, as bytes, so that memory
 * is what is counted, a short stanza costs no write of its own, and all but one piece can be dropped.
 *
 * | from            | to        | when                                                                              |
 * | --------------- | --------- | --------------------------------------------------------------------------------- |
 * | open            | overflown | the peer's own does not fit, or all queues hold too much, see {@link HeldTotal} |
 * | open, overflown | closed    | `end()`: the last word is with the socket                                         |
 * | any             | discarded | `discard()`: the socket is gone                                                   |
 *
 * Bounded by `maxBytes`, in two ways. What others send is turned down when it does not fit, by {@link Shares}. What is
 * sent because of the peer itself makes the queue overflow: what waits is dropped, and nothing is taken any more.
 */
export class SendQueue implements Backlog, Holder {
	readonly #parts: SendQueueParts;
	#socket: Socket;
	/** What came last, and its bytes. */
	#texts: string[] = [];
	#textBytes = 0;
	/** What came before that, if the socket was busy, and its bytes. */
	#pieces: Buffer[] = [];
	#pieceBytes = 0;
	#socketBytes = 0;
	#scheduled = false;
	#state: "open" | "overflown" | "closed" | "discarded" = "open";
	readonly #shares: Shares;
	#onEmpty: (() => void) | undefined;
	takenBytes = 0;

	constructor(socket: Socket, parts: SendQueueParts) {
		this.#socket = socket;
		this.#parts = parts;
		this.#shares = new Shares(parts.maxBytes);
		parts.total.add(this);
	}

	get queuedBytes(): number {
		return this.#textBytes + this.#pieceBytes + this.#socketBytes;
	}

	/** As the total counts it. */
	get heldBytes(): number {
		return this.queuedBytes;
	}

	get payer(): string {
		return this.#parts.payer();
	}

	/** Whether what is sent has a chance: nothing overflowed, and it is not closed. */
	get open(): boolean {
		return this.#state === "open";
	}

	/** After STARTTLS: what follows goes through the TLS socket. */
	moveTo(socket: Socket): void {
		this.#socket = socket;
	}

	/** Whether a stanza that `payer` has to answer for could fit: asked before it is written out. */
	hasRoomFor(payer: string): boolean {
		return this.#state === "open" && this.#shares.allow(this.queuedBytes, 1, payer);
	}

	/** Queues what somebody else sends. @returns false, and queues nothing, when there is no room for it */
	offer(writing: Writing, payer: string): boolean {
		const queued = this.queuedBytes;
		if (this.#state !== "open" || !this.#shares.allow(queued, writing.bytes, payer)) return false;
		this.#shares.queued(queued, writing.bytes, payer);
		this.#queue(writing);
		return true;
	}

	/** Queues what the peer caused itself. When there is no room for it, the queue overflows. */
	send(writing: Writing): void {
		if (this.#state !== "open") return;
		const queued = this.queuedBytes;
		if (queued + writing.bytes > this.#parts.maxBytes) {
			this.#overflow("maxQueuedBytes");
			return;
		}
		this.#shares.queued(queued, writing.bytes);
		this.#queue(writing);
	}

	/** All queues hold too much, and this is what has to go. */
	relieve(): void {
		this.#overflow("maxQueuedTotalBytes");
	}

	/** Drops what waits here, for ever. */
	#overflow(limit: OverflownLimit): void {
		if (this.#state === "open") this.#state = "overflown";
		this.#drop();
		this.#parts.onOverflow(limit);
	}

	/** Writes what waits, now, as far as the socket is free. */
	flush(): void {
		this.#scheduled = false;
		if (this.#socketBytes === 0) this.#write();
	}

	/** Writes what waits, and calls back when the socket has taken it all. */
	drain(onEmpty: () => void): void {
		this.#onEmpty = onEmpty;
		this.flush();
	}

	/** Sends what waits and a last word, beyond the bound, and ends the socket's writing side. Later sends are ignored. */
	end(text: string): void {
		if (this.#state === "closed" || this.#state === "discarded") return;
		while (this.#write());
		this.#state = "closed";
		if (!this.#socket.destroyed) this.#socket.end(text);
	}

	/** The socket is gone, and with it all that waited. */
	discard(): void {
		if (this.#state === "discarded") return;
		this.#state = "discarded";
		this.#drop();
		this.#parts.total.delete(this, this.#socketBytes);
		this.#socketBytes = 0;
	}

	#queue({ text, bytes }: Writing): void {
		this.#texts.push(text);
		this.#textBytes += bytes;
		if (this.#textBytes >= PIECE_BYTES) {
			if (this.#socketBytes === 0) this.#write();
			else this.#pack();
		} else if (!this.#scheduled && this.#socketBytes === 0) {
			this.#schedule();
		}
		this.#parts.total.taken(bytes);
	}

	#schedule(): void {
		this.#scheduled = true;
		this.#parts.turn.add(this);
	}

	#pack(): void {
		this.#pieces.push(Buffer.from(this.#texts.join("")));
		this.#pieceBytes += this.#textBytes;
		this.#texts = [];
		this.#textBytes = 0;
	}

	/** Gives the next piece to the socket. @returns whether there was one */
	#write(): boolean {
		if (this.#socket.destroyed) this.#drop();
		const piece = this.#pieces.shift();
		let bytes: number;
		let content: string | Buffer;
		if (piece !== undefined) {
			bytes = piece.length;
			content = piece;
			this.#pieceBytes -= bytes;
		} else if (this.#texts.length > 0) {
			bytes = this.#textBytes;
			content = this.#texts.length === 1 ? (this.#texts[0] as string) : this.#texts.join("");
			this.#texts = [];
			this.#textBytes = 0;
		} else {
			if (this.#socketBytes === 0) this.#empty();
			return false;
		}
		this.#socketBytes += bytes;
		this.#socket.write(content, () => this.#taken(bytes));
		return true;
	}

	#taken(bytes: number): void {
		if (this.#state === "discarded") return;
		this.#socketBytes -= bytes;
		this.takenBytes += bytes;
		this.#parts.total.givenBack(bytes);
		this.#shares.taken(bytes, this.queuedBytes);
		if (this.#socketBytes > 0) return;
		if (this.#pieces.length > 0) this.#write();
		else if (this.#texts.length === 0) this.#empty();
		else if (!this.#scheduled) this.#schedule();
	}

	#empty(): void {
		const onEmpty = this.#onEmpty;
		this.#onEmpty = undefined;
		if (onEmpty !== undefined) setImmediate(onEmpty);
	}

	#drop(): void {
		this.#parts.total.givenBack(this.#textBytes + this.#pieceBytes);
		this.#texts = [];
		this.#textBytes = 0;
		this.#pieces = [];
		this.#pieceBytes = 0;
	}
}
