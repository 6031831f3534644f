import type { Key, Write } from "./journal.js";
import { encodeRecord } from "./record.js";

/** Records, encoded, by their keys; `undefined`: none. */
export type RecordBatch = ReadonlyMap<Key, Uint8Array | undefined>;

/**
 * What a list of writes comes to: one change for each key, the last one.
 * @throws RangeError for what is no key: nothing of such a batch may be stored
 */
export function encodeBatch(writes: readonly Write[]): RecordBatch {
	const records = new Map<Key, Uint8Array | undefined>();
	for (const [key, body] of writes) {
		if (!/^[\0-\xff]{1,200}$/s.test(key)) throw new RangeError(`${JSON.stringify(key)} is no key: 1 to 200 bytes`);
		records.set(key, body && encodeRecord(key, body));
	}
	return records;
}
