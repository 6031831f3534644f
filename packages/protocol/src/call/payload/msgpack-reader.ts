import { isUtf8 } from "node:buffer";
import { BusError } from "../../errors.js";
import { MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "../../limits.js";

const refuse = (reason: string): never => {
	throw new BusError("invalid-argument", `payload: ${reason}`);
};

/** Up to this many bytes a string is built faster here than by a call into Node. */
const SHORT_BYTES = 16;

/**
 * Decodes MessagePack (the specification's table of formats), and refuses what general decoders mend, guess at or choke
 * on: extensions (dates, errors, records), integers beyond 2^53, NaN and infinities, keys that are not strings,
 * duplicate keys, strings that are not UTF-8, lengths beyond the end, trailing bytes, nesting and size beyond the limits.
 *
 * Memory follows the bytes that are there, never a length that is claimed. Bytes come out as a Uint8Array of their own.
 * @throws BusError `invalid-argument`
 */
export function readMsgpack(bytes: Buffer): unknown {
	const reader = new Reader(bytes);
	const value = reader.value(0);
	if (!reader.atEnd) refuse("there are bytes behind its end");
	return value;
}

class Reader {
	readonly #bytes: Buffer;
	#at = 0;
	#items = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	get atEnd(): boolean {
		return this.#at === this.#bytes.length;
	}

	/** Recursive, to a depth that is bounded. */
	value(depth: number): unknown {
		this.#count();
		const format = this.#bytes[this.#take(1)] as number;
		if (format <= 0x7f) return format;
		if (format <= 0x8f) return this.#map(format & 0x0f, depth);
		if (format <= 0x9f) return this.#array(format & 0x0f, depth);
		if (format <= 0xbf) return this.#string(format & 0x1f);
		if (format >= 0xe0) return format - 0x100;
		switch (format) {
			case 0xc0:
				return null;
			case 0xc2:
				return false;
			case 0xc3:
				return true;
			case 0xc4:
			case 0xc5:
			case 0xc6:
				return this.#binary(this.#uint(1 << (format - 0xc4)));
			case 0xca:
				return this.#finite(this.#bytes.readFloatBE(this.#take(4)));
			case 0xcb:
				return this.#finite(this.#bytes.readDoubleBE(this.#take(8)));
			case 0xcc:
			case 0xcd:
			case 0xce:
				return this.#uint(1 << (format - 0xcc));
			case 0xcf:
				return this.#safe(this.#bytes.readBigUInt64BE(this.#take(8)));
			case 0xd0:
			case 0xd1:
			case 0xd2:
				return this.#int(1 << (format - 0xd0));
			case 0xd3:
				return this.#safe(this.#bytes.readBigInt64BE(this.#take(8)));
			case 0xdc:
			case 0xdd:
				return this.#array(this.#uint(format === 0xdc ? 2 : 4), depth);
			case 0xde:
			case 0xdf:
				return this.#map(this.#uint(format === 0xde ? 2 : 4), depth);
			default:
				if (format >= 0xd9 && format <= 0xdb) return this.#string(this.#uint(1 << (format - 0xd9)));
				return refuse("it holds an extension; only the values of JSON, and bytes, are understood");
		}
	}

	#array(length: number, depth: number): unknown[] {
		this.#enter(length, depth);
		// Grown by what is there, not allocated by what is claimed.
		const array: unknown[] = [];
		for (let i = 0; i < length; i++) array.push(this.value(depth + 1));
		return array;
	}

	#map(length: number, depth: number): Record<string, unknown> {
		this.#enter(length * 2, depth);
		const object: Record<string, unknown> = {};
		for (let i = 0; i < length; i++) {
			const key = this.#key();
			if (Object.hasOwn(object, key)) refuse("an object has one key twice");
			object[key] = this.value(depth + 1);
		}
		return object;
	}

	#key(): string {
		this.#count();
		const format = this.#bytes[this.#take(1)] as number;
		let key: string;
		if (format >= 0xa0 && format <= 0xbf) key = this.#string(format & 0x1f);
		else if (format >= 0xd9 && format <= 0xdb) key = this.#string(this.#uint(1 << (format - 0xd9)));
		else return refuse("a key is not a string");
		if (key === "__proto__") refuse("the key __proto__ is reserved");
		return key;
	}

	#enter(items: number, depth: number): void {
		if (depth >= MAX_PAYLOAD_DEPTH) refuse(`nested deeper than ${MAX_PAYLOAD_DEPTH} levels`);
		// Every item takes a byte at least: a huge count in a short text is a lie.
		if (items > this.#bytes.length - this.#at) refuse("it ends too early");
	}

	#string(length: number): string {
		const bytes = this.#bytes;
		const start = this.#take(length);
		const end = start + length;
		if (length > SHORT_BYTES) return utf8(bytes, start, end);
		let text = "";
		for (let i = start; i < end; i++) {
			const byte = bytes[i] as number;
			if (byte > 0x7f) return utf8(bytes, start, end);
			text += String.fromCharCode(byte);
		}
		return text;
	}

	#binary(length: number): Uint8Array {
		const start = this.#take(length);
		return new Uint8Array(this.#bytes.subarray(start, start + length));
	}

	#uint(length: number): number {
		return this.#bytes.readUIntBE(this.#take(length), length);
	}

	#int(length: number): number {
		return this.#bytes.readIntBE(this.#take(length), length);
	}

	#finite(number: number): number {
		if (!Number.isFinite(number)) refuse(`${number} is not a finite number`);
		return number + 0;
	}

	#safe(integer: bigint): number {
		const number = Number(integer);
		if (!Number.isSafeInteger(number)) refuse("an integer is beyond 2^53; send it as a string");
		return number;
	}

	#count(): void {
		if (++this.#items > MAX_PAYLOAD_ITEMS) refuse(`more than ${MAX_PAYLOAD_ITEMS} values`);
	}

	/** Steps over the next bytes. @returns where they start */
	#take(length: number): number {
		const start = this.#at;
		this.#at += length;
		if (this.#at > this.#bytes.length) refuse("it ends too early");
		return start;
	}
}

function utf8(bytes: Buffer, start: number, end: number): string {
	const text = bytes.toString("utf8", start, end);
	// U+FFFD stands for what was no UTF-8, or for itself.
	if (text.includes("\uFFFD") && !isUtf8(bytes.subarray(start, end))) refuse("a string is not UTF-8");
	return text;
}
