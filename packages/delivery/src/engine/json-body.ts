import { type Key, StoreError } from "../journal/journal.js";
import { writtenByNewer } from "../journal/newer.js";
import { legibleKey } from "../journal/record.js";

/** The body of a record that is JSON: its version as one byte, then the text in UTF-8. */
export function encodeJsonBody(version: number, value: unknown): Uint8Array {
	return Buffer.from(`${String.fromCharCode(version)}${JSON.stringify(value)}`);
}

/**
 * @param newest the version that is written today
 * @throws StoreError `failed` when there is none, it is of a newer version, or is no JSON
 */
export function decodeJsonBody(key: Key, body: Uint8Array | undefined, newest: number): unknown {
	if (body === undefined) throw new StoreError("failed", `the record ${legibleKey(key)} is missing`);
	const version = body[0];
	if (version === undefined || version === 0 || version > newest) {
		throw writtenByNewer(`the record ${legibleKey(key)}`, version, newest);
	}
	try {
		return JSON.parse(Buffer.from(body.buffer, body.byteOffset + 1, body.length - 1).toString());
	} catch (cause) {
		throw new StoreError("failed", `the record ${legibleKey(key)} is not what is written there`, { cause });
	}
}
