import type { Ping, PingRecord } from "./ping-record.js";

/** What a server with the rate limits of its distribution (3 kB/s, 10 KiB/s) has dealt with before it is taken for dead. */
const MIN_BYTES = 32 * 1024;

/**
 * How much may be on its way to the server that the server has not been seen to deal with.
 *
 * A server that limits our rate, or has too much to do, reads more slowly than we write, and the ping that asks whether
 * it lives waits behind all that was written before. So what is written is kept short enough for the answer to come in
 * time: a ping goes along with every half window, its answer confirms what was written before it, and the window follows
 * the time that this takes: it doubles below an eighth of the time that an answer may take, and halves above three
 * eighths. The rest waits on our side, where it is bounded and counted.
 *
 * For a server that does not answer pings the window is given up (`Liveness` finds that out), until it answers one.
 */
export class SendWindow {
	readonly #pings: PingRecord;
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
		return this.#size - (this.#written - this.#confirmed);
	}

	/** Is it time for a ping? */
	get due(): boolean {
		return this.#pings.pending === undefined && this.#written - this.#confirmed >= this.#size / 2;
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
		// An answer to a ping that followed little tells nothing about more.
		const telling = ping.writtenBytes - this.#confirmed >= this.#size / 2;
		this.#confirmed = ping.writtenBytes;
		const took = now - ping.atMs;
		if (!Number.isFinite(this.#size)) this.#size = MIN_BYTES;
		else if (took < this.#replyMs / 8 && telling)
			this.#size = Math.max(this.#size, Math.min(this.#maxBytes, this.#size * 2));
		else if (took > (this.#replyMs * 3) / 8) this.#size = Math.max(MIN_BYTES, this.#size / 2);
	}

	/** The server does not answer pings: there is nothing to go by. */
	giveUp(): void {
		this.#size = Number.POSITIVE_INFINITY;
	}
}
