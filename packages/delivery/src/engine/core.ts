import type { Key, View, Write } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";

/** What is stored, with what this step has written so far in front of it. */
export interface Desk extends View {
	put(key: Key, body: Uint8Array): void;
	delete(key: Key): void;
	/** What has been written, in order. */
	readonly writes: readonly Write[];
}

/**
 * A state machine over a journal. It decides and does nothing else: no I/O, no clock, no randomness. What it must remember it
 * puts on the desk; what it keeps in memory besides it can make again from the journal.
 */
export interface Core<Event, Effect> {
	/**
	 * Decides about everything that has come, in its order.
	 * @returns what is to happen once the desk's writes are on disk, in its order. If they cannot be stored none of it
	 * happens, and `recover` is called.
	 */
	step(events: readonly Event[], now: JournalTime, desk: Desk): readonly Effect[];
	/** When it has something to do though nothing comes, by `JournalTime.up`; `undefined`: not at all. */
	wakeUp(): number | undefined;
	/** Forgets its memory and reads it from the journal: at the start, and after a batch that was not stored. */
	recover(view: View, now: JournalTime): void;
}
