import type { Clock } from "./clock.js";
import type { PingRecord } from "./ping-record.js";

export interface LivenessSettings {
	/** Half of this after the answer to a ping, the next one is due. */
	readonly quietMs: number;
	/** Nothing received, or a ping not answered, for `quietMs` and this: the peer is dead. */
	readonly replyMs: number;
	/** Something to write and not a byte taken for this long: the peer is dead, whatever it may send. */
	readonly stallMs: number;
}

export interface LivenessActions {
	/** Send a ping, and note it and its answer in the record of pings. */
	ping(): void;
	/** The peer talks, has never answered a ping, and has had the time to. Called before it is asked again. */
	unanswered(): void;
	dead(reason: string): void;
}

/** The slowest line, in bytes per second, on which an answer is waited for behind all that comes in before it. */
const SLOWEST_LINE = 64 * 1024;
/** How long it is waited for behind that: so many times as long as for any other answer. */
const MAX_PATIENCE = 3;

/**
 * Finds out that a peer is dead although its connection is not (XEP-0199, section 3; half-open TCP).
 *
 * What was heard shows that the peer sends, and nothing else: a relay that has lost its other side, or that reads no
 * more, may go on sending white space for ever. That it reads is shown by the answer to a ping. So a ping is always
 * on its way, or due `quietMs / 2` after the last answer, whatever comes in. The peer is dead when
 *
 * | sign                    | has lasted                                                                              |
 * | ----------------------- | --------------------------------------------------------------------------------------- |
 * | nothing is heard        | `quietMs + replyMs`                                                                     |
 * | a ping has no answer    | `quietMs + replyMs`, if this peer has answered one before; the login shows no such thing |
 * | a write is not taken    | `stallMs`                                                                               |
 *
 * By the defaults (7, 8 and 12 s) no death goes unnoticed for more than 18.5 s. One exception: an answer may wait behind
 * much that comes in over a slow line. For each 64 KiB that came in since the ping it is given a second more, and three
 * times as long at most.
 *
 * A peer that never answered is asked again and again, and judged by the other two signs. Nothing here waits for a write:
 * on a half-open connection whose buffers are full there would be no end to that.
 */
export class Liveness {
	readonly #settings: LivenessSettings;
	readonly #clock: Clock;
	readonly #pings: PingRecord;
	readonly #actions: LivenessActions;
	readonly #startedAt: number;
	#stopped = false;
	#heardAt: number;
	#heardBytes = 0;
	/** Before this, silence is not held against the peer. */
	#forgivenAt = Number.NEGATIVE_INFINITY;
	#stuckSince: number | undefined;
	#cancel: () => void = () => {};

	constructor(settings: LivenessSettings, clock: Clock, pings: PingRecord, actions: LivenessActions) {
		this.#settings = settings;
		this.#clock = clock;
		this.#pings = pings;
		this.#actions = actions;
		this.#startedAt = clock.now();
		this.#heardAt = this.#startedAt;
		this.#wake(this.#heardAt);
	}

	/** Bytes that have come in so far. */
	get heardBytes(): number {
		return this.#heardBytes;
	}

	/** Bytes came in. Called for each chunk, so it does next to nothing. */
	heard(bytes: number): void {
		this.#heardAt = this.#clock.now();
		this.#heardBytes += bytes;
	}

	/** Bytes were handed to the connection and are waiting to be taken. */
	writing(): void {
		this.#stuckSince ??= this.#clock.now();
	}

	/** What was handed over has been taken. */
	written(): void {
		this.#stuckSince = undefined;
	}

	stop(): void {
		this.#stopped = true;
		this.#cancel();
	}

	/** Sleeps until something may be due, whatever happens in the meantime. */
	#wake(now: number): void {
		// Asking may have shown that all is over.
		if (this.#stopped) return;
		const { quietMs, stallMs } = this.#settings;
		const due = Math.min(
			now + quietMs / 2,
			this.#heardAt + this.#limitMs,
			this.#stuckSince === undefined ? now + stallMs : this.#stuckSince + stallMs,
			this.#askedAt === undefined ? this.#answeredAt + quietMs / 2 : this.#askedAt + this.#patienceMs,
		);
		this.#cancel = this.#clock.after(Math.max(0, due - now), () => this.#check(this.#clock.now() - due));
	}

	/** @param lateMs how much later than asked for this runs */
	#check(lateMs: number): void {
		if (this.#stopped) return;
		const { quietMs, replyMs, stallMs } = this.#settings;
		const now = this.#clock.now();
		if (lateMs > replyMs / 2) this.#forgive(now);
		if (this.#stuckSince !== undefined && now - this.#stuckSince >= stallMs) {
			this.#die(`the server has taken nothing for ${Math.round(now - this.#stuckSince)} ms`);
		} else if (now - this.#heardAt >= this.#limitMs) {
			this.#die(`the server has been silent for ${Math.round(now - this.#heardAt)} ms`);
		} else if (this.#askedAt === undefined) {
			if (now - this.#answeredAt >= quietMs / 2) this.#actions.ping();
			this.#wake(now);
		} else if (now - this.#askedAt < this.#patienceMs) {
			this.#wake(now);
		} else if (this.#pings.answeredAtMs !== undefined) {
			this.#die(`the server sends, and has not answered a ping for ${Math.round(now - this.#askedAt)} ms`);
		} else {
			this.#actions.unanswered();
			this.#actions.ping();
			this.#wake(now);
		}
	}

	get #limitMs(): number {
		return this.#settings.quietMs + this.#settings.replyMs;
	}

	/** The last answer to a ping; before the first, the beginning. */
	get #answeredAt(): number {
		return this.#pings.answeredAtMs ?? this.#startedAt;
	}

	/** Since when an answer is waited for, if one is. */
	get #askedAt(): number | undefined {
		const ping = this.#pings.pending;
		return ping && Math.max(ping.atMs, this.#forgivenAt);
	}

	/** How long the ping that is on its way may go without an answer. */
	get #patienceMs(): number {
		const heardSince = this.#heardBytes - (this.#pings.pending?.heardBytes ?? 0);
		const moreMs = Math.floor(heardSince / SLOWEST_LINE) * 1000;
		return Math.min(this.#limitMs + moreMs, this.#limitMs * MAX_PATIENCE);
	}

	/** The process was stopped or the machine slept, and what has arrived meanwhile has not been read yet. */
	#forgive(now: number): void {
		this.#heardAt = Math.max(this.#heardAt, now - this.#settings.quietMs);
		if (this.#stuckSince !== undefined) this.#stuckSince = now;
		this.#forgivenAt = now;
	}

	#die(reason: string): void {
		this.stop();
		this.#actions.dead(reason);
	}
}
