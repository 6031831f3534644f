import type { Clock } from "./clock.js";

export interface LivenessSettings {
	/** Nothing received for this long: ask with a ping. */
	readonly quietMs: number;
	/** Nothing received for this long after the ping: the peer is dead. */
	readonly replyMs: number;
	/** Something to write and not a byte taken for this long: the peer is dead, whatever it may send. */
	readonly stallMs: number;
}

/**
 * Finds out that a peer is dead although its connection is not (XEP-0199, section 3; half-open TCP).
 *
 * | state     | to        | when                                                          |
 * | --------- | --------- | ------------------------------------------------------------- |
 * | listening | listening | something was heard in the last `quietMs`                     |
 * | listening | asking    | nothing was: `ping()` is called                               |
 * | asking    | listening | anything is heard, be it the answer or not                    |
 * | asking    | stopped   | nothing was within `replyMs`: `dead()` is called              |
 * | either    | stopped   | a write has been waiting for `stallMs`: `dead()`; or `stop()` |
 *
 * It never waits for a write: on a half-open connection whose buffers are full there would be no end to that. A death
 * is noticed after `quietMs + replyMs` at the latest, or after `stallMs` and `quietMs` if only our writes are stuck.
 */
export class Liveness {
	readonly #settings: LivenessSettings;
	readonly #clock: Clock;
	readonly #actions: { ping(): void; dead(reason: string): void };
	#state: "listening" | "asking" | "stopped" = "listening";
	#heardAt: number;
	#stuckSince: number | undefined;
	#cancel: () => void = () => {};

	constructor(settings: LivenessSettings, clock: Clock, actions: { ping(): void; dead(reason: string): void }) {
		this.#settings = settings;
		this.#clock = clock;
		this.#actions = actions;
		this.#heardAt = clock.now();
		this.#wake(settings.quietMs);
	}

	/** Bytes came in. Called for each chunk, so it does next to nothing. */
	heard(): void {
		this.#heardAt = this.#clock.now();
		if (this.#state !== "asking") return;
		this.#state = "listening";
		this.#cancel();
		this.#wake(this.#settings.quietMs);
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
		this.#state = "stopped";
		this.#cancel();
	}

	#wake(delayMs: number): void {
		const due = this.#clock.now() + delayMs;
		this.#cancel = this.#clock.after(delayMs, () => this.#check(this.#clock.now() - due));
	}

	/** @param lateMs how much later than asked for this runs */
	#check(lateMs: number): void {
		if (this.#state === "stopped") return;
		const { quietMs, replyMs, stallMs } = this.#settings;
		const now = this.#clock.now();
		if (lateMs > replyMs / 2) {
			// The process was stopped or the machine slept, and what has arrived meanwhile has not been read yet.
			if (this.#stuckSince !== undefined) this.#stuckSince = now;
			this.#wake(replyMs);
		} else if (this.#stuckSince !== undefined && now - this.#stuckSince >= stallMs) {
			this.#die(`the server has taken nothing for ${Math.round(now - this.#stuckSince)} ms`);
		} else if (this.#state === "asking") {
			this.#die(`the server has been silent for ${Math.round(now - this.#heardAt)} ms`);
		} else if (now - this.#heardAt < quietMs) {
			this.#wake(quietMs - (now - this.#heardAt));
		} else {
			this.#state = "asking";
			this.#wake(replyMs);
			this.#actions.ping();
		}
	}

	#die(reason: string): void {
		this.stop();
		this.#actions.dead(reason);
	}
}
