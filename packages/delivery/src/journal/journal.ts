/** Latin-1 text of 1 to 200 characters. Keys are in the order of their bytes. */
export type Key = string;

/**
 * Why a batch was not stored. `full`: there is no room; everything is as before, and the journal can be used. `failed`: the
 * disk or what is on it is broken. `lost`: another process has taken the journal. After these two nothing is stored any more.
 */
export type StoreErrorKind = "full" | "failed" | "lost";

export class StoreError extends Error {
	override readonly name = "StoreError";
	readonly kind: StoreErrorKind;

	constructor(kind: StoreErrorKind, message: string, options?: { readonly cause?: unknown }) {
		super(message, options);
		this.kind = kind;
	}
}

/** What can be read: everything in it is on disk, flushed. */
export interface View {
	/** The body of a record. Not to be changed, and valid until the next write. @throws StoreError `failed` for a damaged one */
	get(key: Key): Uint8Array | undefined;
	/** The keys from `from` up to, not including, `to`, in order: the first `limit` of them. */
	keys(from: Key, to: Key, limit: number): Key[];
	/** How many keys there are from `from` up to, not including, `to`. */
	count(from: Key, to: Key): number;
}

/** A change of one record: its new body, or `undefined` for none. */
export type Write = readonly [key: Key, body: Uint8Array | undefined];

/**
 * Ordered records that survive what their medium survives. There is one writer, and one write at a time.
 */
export interface Journal {
	/** Whether what is written survives the end of the process. */
	readonly isDurable: boolean;
	readonly view: View;
	/**
	 * Stores all of it or nothing; later writes of a key win. Calls back once, not before it returns: without an error when it
	 * is on disk, flushed, and `view` shows it.
	 */
	write(writes: readonly Write[], done: (error?: StoreError) => void): void;
	usage(): Usage;
	/** Calls back when it can be opened again. A write that is under way may have been stored or not, and calls back no more. */
	close(done: () => void): void;
}

export interface Usage {
	/** What the journal takes, in bytes. */
	readonly usedBytes: number;
	/** What is left for it: of its own bound or of its disk, in bytes. */
	readonly freeBytes: number;
}

/** Where journals are: a folder, or the memory of this process. */
export interface Store {
	/** For people, in logs and presence: `lmdb at ./state`, `memory`. */
	readonly kind: string;
	readonly isDurable: boolean;
	/**
	 * @param name of one of the journals there: `queue`, `outbox`, `inbox`
	 * @throws StoreError `lost` when another process has it open, `failed` when it cannot be read, or was written by a newer version
	 */
	open(name: string): Promise<Journal>;
}
