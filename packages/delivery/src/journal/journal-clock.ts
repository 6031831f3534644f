import type { Key, View, Write } from "./journal.js";
import type { JournalTime } from "./journal-time.js";
import { writtenByNewer } from "./newer.js";

/** The record of a journal that its clock has: the time of the last batch. */
export const CLOCK_KEY: Key = "t";
const VERSION = 1;

export interface ClockSources {
	/** Milliseconds since anything, which only grow. */
	readonly monotonic: () => number;
	/** Milliseconds since 1970. May jump. */
	readonly wall: () => number;
}

/** What is stored with each batch, in whole milliseconds. */
interface Stored {
	readonly up: number;
	/** `calendar` is `up` and this. */
	readonly away: number;
	/** The wall clock, for the next start to see how long it has been away. */
	readonly wall: number;
}

/**
 * The time of a journal: it goes on where the last batch has left it. What was not stored of `up` is counted as time away;
 * how long that was is asked of the wall clock once, at the start, and a clock that stands earlier than before counts as no
 * time. While the journal is open the wall clock may jump as it likes.
 */
export class JournalClock {
	readonly #sources: ClockSources;
	readonly #startedAt: number;
	readonly #upBefore: number;
	readonly #away: number;
	#up = 0;

	/** @throws StoreError `failed` when what is stored cannot be read, or was written by a newer version */
	constructor(view: View, sources: ClockSources) {
		const body = view.get(CLOCK_KEY);
		const wall = Math.floor(sources.wall());
		const stored: Stored = body === undefined ? { up: 0, away: 0, wall } : read(body);
		this.#sources = sources;
		this.#startedAt = sources.monotonic();
		this.#upBefore = stored.up;
		this.#away = stored.away + Math.max(0, wall - stored.wall);
	}

	/** In whole milliseconds. Never goes back. */
	now(): JournalTime {
		const up = this.#upBefore + Math.floor(this.#sources.monotonic() - this.#startedAt);
		this.#up = Math.max(this.#up, up);
		return { up: this.#up, calendar: this.#up + this.#away };
	}

	/** What has to be in each batch that is written at `now`. */
	write(now: JournalTime): Write {
		const stored: Stored = { up: now.up, away: this.#away, wall: Math.floor(this.#sources.wall()) };
		return [CLOCK_KEY, Buffer.from(`${String.fromCharCode(VERSION)}${JSON.stringify(stored)}`)];
	}
}

function read(body: Uint8Array): Stored {
	if (body[0] !== VERSION) throw writtenByNewer("the journal's time", body[0], VERSION);
	return JSON.parse(Buffer.from(body.subarray(1)).toString()) as Stored;
}
