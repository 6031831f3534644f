import type { RecordBatch } from "./batch.js";
import type { Key } from "./journal.js";
import { OrderedKeys } from "./ordered-keys.js";

/** About what a Map and a list take for an entry, in bytes. */
const ENTRY = 64;

/** Records, encoded, as they would be in a file: what stays when a journal on it ends, however that ends. */
export class MemoryDisk {
	readonly #records = new Map<Key, Uint8Array>();
	readonly #keys = new OrderedKeys();
	#usedBytes = 0;
	/** Whoever opened it last: nobody else may store anything. */
	owner: unknown;

	get usedBytes(): number {
		return this.#usedBytes;
	}

	get(key: Key): Uint8Array | undefined {
		return this.#records.get(key);
	}

	/** Changes all of these. The records are not to be changed any more; `undefined`: none. */
	store(records: RecordBatch): void {
		for (const [key, record] of records) this.#set(key, record);
	}

	/** Whether there would be no more bytes than that afterwards, or none more than there are. */
	fits(records: RecordBatch, maxBytes: number): boolean {
		let most = this.#usedBytes;
		for (const [key, record] of records) most += sizeOf(key, record);
		// What is replaced is only looked up where it matters: among millions that takes longer than all the rest.
		if (most <= maxBytes) return true;
		let growth = 0;
		for (const [key, record] of records) growth += sizeOf(key, record) - sizeOf(key, this.#records.get(key));
		return growth <= 0 || this.#usedBytes + growth <= maxBytes;
	}

	/** The first `limit` keys from `from` up to, not including, `to`. */
	keys(from: Key, to: Key, limit: number): Key[] {
		return this.#keys.range(from, to, limit);
	}

	count(from: Key, to: Key): number {
		return this.#keys.count(from, to);
	}

	#set(key: Key, record: Uint8Array | undefined): void {
		const before = this.#records.get(key);
		this.#usedBytes += sizeOf(key, record) - sizeOf(key, before);
		if (record !== undefined) {
			if (before === undefined) this.#keys.add(key);
			this.#records.set(key, record);
		} else if (before !== undefined) {
			this.#records.delete(key);
			this.#keys.delete(key);
		}
	}
}

function sizeOf(key: Key, record: Uint8Array | undefined): number {
	return record === undefined ? 0 : ENTRY + key.length + record.length;
}
