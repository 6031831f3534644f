import { crc32 } from "node:zlib";
import type { RecordBatch } from "../journal/batch.js";
import type { Key } from "../journal/journal.js";
import { MemoryDisk } from "../journal/memory-disk.js";

/** Before each batch: the length of what follows, and its CRC-32, each 4 bytes, the highest first. */
const HEAD = 8;
const DELETED = 0xffffffff;

/**
 * A disk whose bytes can be seen: a log of batches, each in one piece with a sum. What is cut off anywhere, or spoilt in its
 * last piece, is found again without that piece, as after a crash. It grows for ever: for tests.
 */
export class LogDisk extends MemoryDisk {
	#bytes: Buffer = Buffer.alloc(0);

	/** @param bytes of another one: up to where its pieces are whole they are read, and the rest is dropped */
	constructor(bytes: Uint8Array = Buffer.alloc(0)) {
		super();
		const log = Buffer.from(bytes);
		let end = 0;
		for (;;) {
			const batch = pieceAt(log, end);
			if (batch === undefined) break;
			super.store(read(batch));
			end += HEAD + batch.length;
		}
		this.#bytes = log.subarray(0, end);
	}

	/** All that has been written. */
	get bytes(): Uint8Array {
		return this.#bytes;
	}

	override store(records: RecordBatch): void {
		const batch = Buffer.concat([...records].flatMap(([key, record]) => written(key, record)));
		this.#bytes = Buffer.concat([this.#bytes, numbers(batch.length, crc32(batch)), batch]);
		super.store(records);
	}
}

function pieceAt(log: Buffer, at: number): Buffer | undefined {
	if (log.length < at + HEAD) return undefined;
	const piece = log.subarray(at + HEAD, at + HEAD + log.readUInt32BE(at));
	return piece.length === log.readUInt32BE(at) && crc32(piece) === log.readUInt32BE(at + 4) ? piece : undefined;
}

function written(key: Key, record: Uint8Array | undefined): Uint8Array[] {
	const length = record === undefined ? DELETED : record.length;
	return [numbers(key.length, length), Buffer.from(key, "latin1"), record ?? Buffer.alloc(0)];
}

function read(batch: Buffer): RecordBatch {
	const records = new Map<Key, Uint8Array | undefined>();
	for (let at = 0; at < batch.length; ) {
		const [keyLength, length] = [batch.readUInt32BE(at), batch.readUInt32BE(at + 4)];
		const body = at + 8 + keyLength;
		const key = batch.toString("latin1", at + 8, body);
		at = length === DELETED ? body : body + length;
		records.set(key, length === DELETED ? undefined : Uint8Array.prototype.slice.call(batch, body, at));
	}
	return records;
}

function numbers(one: number, other: number): Buffer {
	const bytes = Buffer.alloc(HEAD);
	bytes.writeUInt32BE(one, 0);
	bytes.writeUInt32BE(other, 4);
	return bytes;
}
