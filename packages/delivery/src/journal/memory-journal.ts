import { type Journal, type Key, type Store, StoreError, type Usage, type View, type Write } from "./journal.js";
import { OrderedKeys } from "./ordered-keys.js";
import { decodeRecord, encodeRecord } from "./record.js";

export interface MemoryStoreOptions {
	/** What one journal may take, in bytes. Above that a batch that takes more is refused as `full`. Default 256 MiB. */
	readonly maxBytes?: number;
	/** Runs an action soon, and not before it returns. Default: a microtask. */
	readonly defer?: (action: () => void) => void;
}

const MAX_BYTES = 256 * 1024 * 1024;
/** About what a Map and a list take for an entry, in bytes. */
const ENTRY = 64;

/** Journals in the memory of this process: they outlive a node that is closed, and nothing else. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
	const disks = new Map<string, MemoryDisk>();
	const open = new Set<string>();
	return {
		kind: "memory",
		isDurable: false,
		async open(name) {
			if (open.has(name)) throw new StoreError("lost", `the journal ${name} in memory is open already`);
			open.add(name);
			const disk = disks.get(name) ?? new MemoryDisk();
			disks.set(name, disk);
			const { maxBytes = MAX_BYTES, defer = queueMicrotask } = options;
			return new MemoryJournal({ name, disk, maxBytes, defer, onClose: () => open.delete(name) });
		},
	};
}

/** Records, encoded, as they would be in a file: what stays when a journal on it ends, however that ends. */
export class MemoryDisk {
	readonly #records = new Map<Key, Uint8Array>();
	readonly #keys = new OrderedKeys();
	#usedBytes = 0;

	get usedBytes(): number {
		return this.#usedBytes;
	}

	get(key: Key): Uint8Array | undefined {
		return this.#records.get(key);
	}

	/** @param record not to be changed any more; `undefined`: none */
	set(key: Key, record: Uint8Array | undefined): void {
		this.#usedBytes += sizeOf(key, record) - sizeOf(key, this.#records.get(key));
		if (record === undefined) {
			if (this.#records.delete(key)) this.#keys.delete(key);
		} else {
			if (!this.#records.has(key)) this.#keys.add(key);
			this.#records.set(key, record);
		}
	}

	/** The first `limit` keys from `from` up to, not including, `to`. */
	keys(from: Key, to: Key, limit: number): Key[] {
		return this.#keys.range(from, to, limit);
	}

	count(from: Key, to: Key): number {
		return this.#keys.count(from, to);
	}
}

export interface MemoryJournalParts {
	/** For people, in errors. */
	readonly name: string;
	readonly disk: MemoryDisk;
	readonly maxBytes: number;
	/** Stores a batch and calls back when it runs the action: soon, and not before it returns. Never run, it never was. */
	readonly defer: (action: () => void) => void;
	readonly onClose?: () => void;
}

/** A journal on a `MemoryDisk`. */
export class MemoryJournal implements Journal {
	readonly isDurable = false;
	readonly view: View;
	readonly #parts: MemoryJournalParts;
	#state: "open" | "writing" | "closed" = "open";

	constructor(parts: MemoryJournalParts) {
		this.#parts = parts;
		const { disk, name } = parts;
		this.view = {
			get(key) {
				const record = disk.get(key);
				return record === undefined ? undefined : decodeRecord(key, record, `the journal ${name} in memory`);
			},
			keys: (from, to, limit) => disk.keys(from, to, limit),
			count: (from, to) => disk.count(from, to),
		};
	}

	write(writes: readonly Write[], done: (error?: StoreError) => void): void {
		this.#mustBeIdle("write");
		this.#state = "writing";
		const { disk, name, maxBytes, defer } = this.#parts;
		const records = new Map(writes.map(([key, body]) => [key, body && encodeRecord(key, body)]));
		defer(() => {
			this.#state = "open";
			let added = 0;
			for (const [key, record] of records) added += sizeOf(key, record) - sizeOf(key, disk.get(key));
			// What makes room is never refused.
			if (added > 0 && disk.usedBytes + added > maxBytes) {
				done(new StoreError("full", `the journal ${name} in memory has reached its ${maxBytes} bytes`));
				return;
			}
			for (const [key, record] of records) disk.set(key, record);
			done();
		});
	}

	usage(): Usage {
		const { disk, maxBytes } = this.#parts;
		return { usedBytes: disk.usedBytes, freeBytes: Math.max(0, maxBytes - disk.usedBytes) };
	}

	close(done: () => void): void {
		this.#mustBeIdle("close");
		this.#state = "closed";
		this.#parts.defer(() => {
			this.#parts.onClose?.();
			done();
		});
	}

	#mustBeIdle(action: string): void {
		if (this.#state === "open") return;
		const state = this.#state === "closed" ? "is closed" : "has not finished the write before";
		throw new Error(`${action}: the journal ${this.#parts.name} in memory ${state}`);
	}
}

function sizeOf(key: Key, record: Uint8Array | undefined): number {
	return record === undefined ? 0 : ENTRY + key.length + record.length;
}
