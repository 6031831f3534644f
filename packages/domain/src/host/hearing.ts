/** How often it is looked whether the host has settled, in milliseconds. */
const LOOK_MS = 50;

export interface HearingParts {
	/** How long it takes until everybody who serves was heard of, in milliseconds. */
	readonly settleMs: number;
	/** Milliseconds of a clock that only goes forward. */
	now(): number;
	isOnline(): boolean;
	/** Runs `action` again and again. */
	every(periodMs: number, action: () => void): void;
	/** Called each time the link has come online. */
	onOnline(listener: () => void): void;
}

/**
 * What the host can have heard. When it has just started, and when its link comes back, it has not heard of everybody:
 * that it knows of nobody does not mean that there is nobody. And for the time in which it could not hear, because it was
 * cut off or stood still, no provider is to blame.
 *
 * | state    | to       | when                              |
 * | -------- | -------- | --------------------------------- |
 * | settled  | settling | the link has come online          |
 * | settling | settled  | `settleMs` after that             |
 */
export class Hearing {
	readonly #parts: HearingParts;
	readonly #onSettled: (() => void)[] = [];
	/** Not before the link is online for the first time. */
	#untilMs = Number.POSITIVE_INFINITY;
	#isSettled = false;
	/** Whether the link was down at the last look, or since. */
	#wasCut = false;
	#lookedMs: number;

	constructor(parts: HearingParts) {
		this.#parts = parts;
		this.#lookedMs = parts.now();
		parts.onOnline(() => {
			this.#untilMs = parts.now() + parts.settleMs;
			this.#isSettled = false;
			this.#wasCut = true;
		});
		parts.every(LOOK_MS, () => {
			if (this.#isSettled || this.settlingMs > 0) return;
			this.#isSettled = true;
			for (const listener of this.#onSettled) listener();
		});
	}

	/** For how long there may be instances that were not heard of yet, in whole milliseconds; 0: there are none. */
	get settlingMs(): number {
		return Math.min(this.#parts.settleMs, Math.max(0, Math.ceil(this.#untilMs - this.#parts.now())));
	}

	/** Called when the host has settled: from now on what it does not know is not there. */
	onSettled(listener: () => void): void {
		this.#onSettled.push(listener);
	}

	/**
	 * For whoever looks every `periodMs`. @returns for how much of the time since its last look the host could not hear, in
	 * milliseconds. A look that comes much too late comes before what has been waiting to be read.
	 */
	deafMs(periodMs: number): number {
		const nowMs = this.#parts.now();
		const sinceMs = nowMs - this.#lookedMs;
		const wasCut = this.#wasCut;
		this.#lookedMs = nowMs;
		this.#wasCut = !this.#parts.isOnline();
		if (wasCut || this.#wasCut) return sinceMs;
		return sinceMs > 2 * periodMs ? sinceMs - periodMs : 0;
	}
}
