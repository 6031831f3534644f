import { Pace } from "./pace.js";
import type { Ping, PingRecord } from "./ping-record.js";

/** What a server with the rate limits of its distribution (3 kB/s, 10 KiB/s) has dealt with before it is taken for dead. */
const MIN_BYTES = 32 * 1024;
/** To a slow server a ping goes along with what it takes this long to deal with, and with no less than so many bytes. */
const PING_EVERY_MS = 250;
const MIN_BYTES_A_PING = 1024;

/**
 * How much may be on its way to the server that the server has not been seen to deal with.
 *
 * A server that limits our rate, or has too much to do, reads more slowly than we write, and the ping that asks whether
 * it lives waits behind all that was written before. So what is written is kept short enough for the answer to come in
 * time: a ping goes along with every half window at the latest, its answer confirms what was written before it, and the window follows
 * the time that this takes: it doubles below an eighth of the time that an answer may take, and halves above three
 * eighths. The rest waits on our side, where it is bounded and counted.
 *
 * The same answers show how fast the server is ({@link Pace}), and so how long what waits will take. To one that is found
 * slow pings go more often, since what has not been confirmed counts as waiting.
 *
 * For a server that does not answer pings the window is given up (`Liveness` finds that out), until it answers one.
 */
export class SendWindow {
	readonly #pings: PingRecord;
	readonly #pace = new Pace();
	readonly #maxBytes: number;
	readonly #replyMs: number;
	#size = MIN_BYTES;
	#written = 0;
	#confirmed = 0;

	constructor(pings: PingRecord, options: { readonly maxBytes: number; readonly replyMs: number }) {
		this.#pings = pings;
		this.#maxBytes = options.maxBytes;
		this.#replyMs = options.replyMs;
	}

	/** Bytes that may be written now. */
	get room(): number {
		return this.#size - this.#unconfirmed;
	}

	/** Is it time for a ping? */
	get due(): boolean {
		return this.#pings.pending === undefined && this.#unconfirmed >= this.#telling;
	}

	/**
	 * How long the server will be busy with what it has not been seen to deal with, and with what waits to be written, at
	 * the rate of late. 0 as long as it was never slow.
	 */
	waitMs(queuedBytes: number, now: number): number {
		const { pending } = this.#pings;
		const behind = pending === undefined ? 0 : pending.writtenBytes - this.#confirmed;
		const isTelling = pending !== undefined && behind >= this.#telling;
		const pace = isTelling ? this.#pace.atMost(behind, now - pending.atMs) : this.#pace.bytesPerMs;
		return (this.#unconfirmed + queuedBytes) / pace;
	}

	wrote(bytes: number): void {
		this.#written += bytes;
	}

	/** Bytes written so far. */
	get writtenBytes(): number {
		return this.#written;
	}

	/** This ping was answered. */
	answered(ping: Ping, now: number): void {
		const bytes = ping.writtenBytes - this.#confirmed;
		const took = now - ping.atMs;
		this.#pace.answered(took);
		// An answer to a ping that followed little tells nothing about more.
		if (bytes >= this.#telling) this.#pace.tells(bytes, took);
		const telling = bytes >= this.#size / 2;
		this.#confirmed = ping.writtenBytes;
		if (!Number.isFinite(this.#size)) this.#size = MIN_BYTES;
		else if (took < this.#replyMs / 8 && telling)
			this.#size = Math.max(this.#size, Math.min(this.#maxBytes, this.#size * 2));
		else if (took > (this.#replyMs * 3) / 8) this.#size = Math.max(MIN_BYTES, this.#size / 2);
	}

	/** The server does not answer pings: there is nothing to go by. */
	giveUp(): void {
		this.#size = Number.POSITIVE_INFINITY;
		this.#pace.forget();
	}

	get #unconfirmed(): number {
		return this.#written - this.#confirmed;
	}

	/** Bytes after which an answer tells something. */
	get #telling(): number {
		return Math.min(this.#size / 2, Math.max(MIN_BYTES_A_PING, this.#pace.bytesPerMs * PING_EVERY_MS));
	}
}
