import type { Journal, Key } from "../journal/journal.js";

/** A place for one journal, with nothing in it at first, and what can befall it. */
export interface StoreUnderTest {
	open(): Promise<Journal>;
	/** Opens it as another process would, while it is open, that takes whoever has it for dead. */
	takeOver(): Promise<Journal>;
	/** Changes records, encoded, as a disk that is broken would. Nobody has it open. */
	tamper(changes: ReadonlyMap<Key, (record: Uint8Array) => Uint8Array>): Promise<void>;
	/** Leaves it as a version would that keeps journals in another way. Nobody has it open. Absent: there is no such way. */
	makeNewer?(): Promise<void>;
	/**
	 * Writes, with the journal open, and gives what may be found if the power fails before it is over or right after it.
	 * @param write calls back when the batch is stored
	 */
	crashes(write: () => Promise<void>): Promise<readonly CrashImage[]>;
}

/** What is found after a crash. */
export interface CrashImage {
	/** For people: the moment, and what had reached the medium. */
	readonly what: string;
	/** Whether the write had been said to be stored. */
	readonly isAcknowledged: boolean;
	open(): Promise<Journal>;
}

/** @param maxBytes how much it may take */
export type MakeStore = (options: { readonly maxBytes: number }) => Promise<StoreUnderTest>;

export interface ConformanceCase {
	/** A sentence about journals. */
	readonly title: string;
	/** Rejects with an AssertionError where it is not so. */
	run(): Promise<void>;
}
