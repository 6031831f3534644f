import { requireNames } from "@antiphon/protocol";
import { encodeBatch, type RecordBatch } from "./batch.js";
import { type Journal, type Store, StoreError, type Usage, type View, type Write } from "./journal.js";
import { MemoryDisk } from "./memory-disk.js";
import { decodeRecord } from "./record.js";
import { storeBounds } from "./store-bounds.js";

export interface MemoryStoreOptions {
	/** What one journal may take, in bytes. Above that a batch that takes more is refused as `full`. Default 256 MiB. */
	readonly maxBytes?: number;
	/** Runs an action soon, and not before it returns. Default: a microtask. */
	readonly defer?: (action: () => void) => void;
}

const BOUNDS = { maxBytes: 256 * 1024 * 1024 };

/**
 * Journals in the memory of this process: they outlive a node that is closed, and nothing else.
 * @throws BusError `invalid-argument`
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
	const disks = new Map<string, MemoryDisk>();
	return storeOn((name) => {
		const disk = disks.get(name) ?? new MemoryDisk();
		disks.set(name, disk);
		return disk;
	}, options);
}

/** @param diskOf the disk of a journal, by its name */
export function storeOn(diskOf: (name: string) => MemoryDisk, options: MemoryStoreOptions): Store {
	requireNames(options, ["maxBytes", "defer"], "options");
	const { defer = queueMicrotask, ...bounds } = options;
	const { maxBytes } = storeBounds(BOUNDS, bounds);
	const open = new Set<string>();
	return {
		kind: "memory",
		isDurable: false,
		async open(name) {
			if (open.has(name)) throw new StoreError("lost", `the journal ${name} in memory is open already`);
			open.add(name);
			return new MemoryJournal({ name, disk: diskOf(name), maxBytes, defer, onClose: () => open.delete(name) });
		},
	};
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

/** A journal on a `MemoryDisk`. What opens a disk has it from then on: who had it before stores nothing more. */
export class MemoryJournal implements Journal {
	readonly isDurable = false;
	readonly view: View;
	readonly #parts: MemoryJournalParts;
	#state: "open" | "writing" | "closed" = "open";

	constructor(parts: MemoryJournalParts) {
		this.#parts = parts;
		const { disk, name } = parts;
		disk.owner = this;
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
		if (this.#state !== "open") {
			const why = this.#state === "closed" ? "is closed" : "has not finished the write before";
			throw new Error(`the journal ${this.#parts.name} in memory ${why}`);
		}
		const records = encodeBatch(writes);
		this.#state = "writing";
		this.#parts.defer(() => {
			// Closed meanwhile: what it was closed for does not wait for this.
			if (this.#state === "closed") return;
			this.#state = "open";
			done(this.#store(records));
		});
	}

	#store(records: RecordBatch): StoreError | undefined {
		const { disk, name, maxBytes } = this.#parts;
		if (disk.owner !== this) return new StoreError("lost", `the journal ${name} in memory has been opened elsewhere`);
		// What makes room is never refused.
		if (!disk.fits(records, maxBytes)) {
			return new StoreError("full", `the journal ${name} in memory has reached its ${maxBytes} bytes`);
		}
		disk.store(records);
		return undefined;
	}

	usage(): Usage {
		const { disk, maxBytes } = this.#parts;
		return { usedBytes: disk.usedBytes, freeBytes: Math.max(0, maxBytes - disk.usedBytes) };
	}

	close(done: () => void): void {
		this.#state = "closed";
		this.#parts.onClose?.();
		this.#parts.defer(done);
	}
}
