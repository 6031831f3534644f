import { crc32 } from "node:zlib";
import { type Key, StoreError } from "./journal.js";
import { writtenByNewer } from "./newer.js";

/**
 * How a journal keeps a body, with what shows that it is whole and is where it was put:
 *
 *     0  4 bytes  CRC-32 of the key, the version and the body, highest byte first
 *     4  1 byte   the version of this layout
 *     5           the body
 *
 * A later version may change what comes behind its number, not what stands before it. What is inside of a body is the
 * business of the core that wrote it; the first letter of a key says what kind of record it is.
 */
export const RECORD_VERSION = 1;
const HEAD = 5;
/** What a record takes beside its key and its body, in bytes. */
export const RECORD_OVERHEAD = HEAD;

export function encodeRecord(key: Key, body: Uint8Array): Uint8Array {
	const record = Buffer.allocUnsafe(HEAD + body.length);
	record[4] = RECORD_VERSION;
	record.set(body, HEAD);
	record.writeUInt32BE(sumOf(key, record), 0);
	return record;
}

/**
 * The body of a record.
 * @param where the journal, for people: its file
 * @throws StoreError `failed` when it is damaged, or of a newer version
 */
export function decodeRecord(key: Key, record: Uint8Array, where: string): Uint8Array {
	const { length, buffer, byteOffset } = record;
	if (length < HEAD || new DataView(buffer, byteOffset).getUint32(0) !== sumOf(key, record)) {
		const advice = "put a copy of it in its place, or move it away and begin anew, without what is in it";
		throw new StoreError("failed", `the record ${legibleKey(key)} in ${where} is damaged: ${advice}`);
	}
	const version = record[4] as number;
	if (version !== RECORD_VERSION) {
		throw writtenByNewer(`the record ${legibleKey(key)} in ${where}`, version, RECORD_VERSION);
	}
	return record.subarray(HEAD);
}

/** A key as people can read and search it: what is not plain ASCII as `\x` and two digits. */
export function legibleKey(key: Key): string {
	return `"${key.replace(/[^ !#-[\]-~]/g, (each) => `\\x${each.charCodeAt(0).toString(16).padStart(2, "0")}`)}"`;
}

/** Of all but the sum itself. The key is in it, so that a record in another's place is a damaged one. */
function sumOf(key: Key, record: Uint8Array): number {
	return crc32(record.subarray(4), crc32(Buffer.from(key, "latin1")));
}
