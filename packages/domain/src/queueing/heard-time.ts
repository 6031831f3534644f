import { type EngineTime, JournalClock, type JournalTime, type View, type Write } from "@antiphon/delivery";

/** More than this between two looks, in milliseconds, and the host stood still. */
const STOOD_STILL_MS = 2_000;
/** How often {@link HeardTime.look} is to be called, in milliseconds. */
export const LOOK_MS = 500;

export interface HeardTimeSources {
	/** Milliseconds since anything, which only grow. */
	readonly monotonic: () => number;
	/** Milliseconds since 1970. May jump. */
	readonly wall: () => number;
	/** Whether everybody can be heard who has something to say. */
	readonly isHearing: () => boolean;
}

/**
 * The time of a queue, whose `up` passes only while the host can hear those who have leases: not while it is cut off, while
 * it does not know yet who is there, or while it stood still. So no lease ends because of the domain or its server. `calendar`
 * goes on all the same, also over a restart.
 */
export class HeardTime implements EngineTime {
	readonly #sources: HeardTimeSources;
	readonly #clock: JournalClock;
	#lookedMs: number;
	#wasHearing = false;
	#deafMs = 0;

	/** @throws StoreError when what is stored cannot be read */
	constructor(view: View, sources: HeardTimeSources) {
		this.#sources = sources;
		this.#lookedMs = sources.monotonic();
		this.#clock = new JournalClock(view, {
			monotonic: () => this.#lookedMs - this.#deafMs,
			// The next start counts as time away what is not in `up`.
			wall: () => sources.wall() - this.#deafMs,
		});
	}

	now(): JournalTime {
		this.look();
		const { up, calendar } = this.#clock.now();
		return { up, calendar: calendar + Math.floor(this.#deafMs) };
	}

	write(now: JournalTime): Write {
		return this.#clock.write(now);
	}

	/** Notices what has passed. To be called again and again. */
	look(): void {
		const nowMs = this.#sources.monotonic();
		const passedMs = nowMs - this.#lookedMs;
		const isHearing = this.#sources.isHearing();
		const heardMs = isHearing && this.#wasHearing && passedMs <= STOOD_STILL_MS ? passedMs : 0;
		this.#lookedMs = nowMs;
		this.#wasHearing = isHearing;
		this.#deafMs += passedMs - heardMs;
	}
}
