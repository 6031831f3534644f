import { isUtf8 } from "node:buffer";
import { BusError } from "../errors.js";
import { MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "../limits.js";

const refuse = (reason: string): never => {
	throw new BusError("invalid-argument", `payload: ${reason}`);
};

/**
 * Walks msgpack without building anything and refuses what a decoder would mend, guess at or choke on: extensions
 * (dates, errors, records), 64-bit integers beyond 2^53, keys that are not strings, strings that are not UTF-8, lengths
 * beyond the end, trailing bytes, nesting beyond the limit.
 *
 * Iterative, so that depth costs no stack.
 * @returns how many object keys there are in all
 * @throws BusError `invalid-argument`
 */
export function scanMsgpack(bytes: Buffer): number {
	/** For each open container, how many items it still expects. A map expects keys and values in turn. */
	const remaining: number[] = [1];
	const isMap: boolean[] = [false];
	let at = 0;
	let keys = 0;
	let items = 0;
	while (remaining.length > 0) {
		const top = remaining.length - 1;
		if (remaining[top] === 0) {
			remaining.pop();
			isMap.pop();
			continue;
		}
		const expectsKey = isMap[top] === true && (remaining[top] as number) % 2 === 0;
		remaining[top] = (remaining[top] as number) - 1;
		if (++items > MAX_PAYLOAD_ITEMS) refuse(`more than ${MAX_PAYLOAD_ITEMS} values`);
		const head = headAt(bytes, at);
		if (expectsKey) {
			if (head.kind !== "string") refuse("a key is not a string");
			keys++;
		}
		at += head.headBytes;
		if (head.kind === "string" || head.kind === "bytes" || head.kind === "scalar") {
			const end = at + head.length;
			if (end > bytes.length) refuse("it ends too early");
			if (head.kind === "string") {
				const text = bytes.subarray(at, end);
				if (!isUtf8(text)) refuse("a string is not UTF-8");
				if (expectsKey && head.length === 9 && text.equals(PROTO)) refuse("the key __proto__ is reserved");
			}
			at = end;
		} else {
			const count = head.kind === "map" ? head.length * 2 : head.length;
			// Every item takes a byte at least: a huge count in a short text is a lie.
			if (count > bytes.length - at) refuse("it ends too early");
			if (remaining.length > MAX_PAYLOAD_DEPTH) refuse(`nested deeper than ${MAX_PAYLOAD_DEPTH} levels`);
			remaining.push(count);
			isMap.push(head.kind === "map");
		}
	}
	if (at !== bytes.length) refuse("there are bytes behind its end");
	return keys;
}

const PROTO = Buffer.from("__proto__");

interface Head {
	readonly kind: "scalar" | "string" | "bytes" | "array" | "map";
	readonly headBytes: number;
	/** Bytes that follow, or items for array and map. */
	readonly length: number;
}

/** Reads one format byte and its length (the table of formats in the MessagePack specification). */
function headAt(bytes: Buffer, at: number): Head {
	const format = bytes[at];
	if (format === undefined) return refuse("it ends too early");
	if (format <= 0x7f || format >= 0xe0) return { kind: "scalar", headBytes: 1, length: 0 };
	if (format <= 0x8f) return { kind: "map", headBytes: 1, length: format & 0x0f };
	if (format <= 0x9f) return { kind: "array", headBytes: 1, length: format & 0x0f };
	if (format <= 0xbf) return { kind: "string", headBytes: 1, length: format & 0x1f };
	switch (format) {
		case 0xc0: // nil
		case 0xc2: // false
		case 0xc3: // true
			return { kind: "scalar", headBytes: 1, length: 0 };
		case 0xc4:
		case 0xc5:
		case 0xc6:
			return sized(bytes, at, "bytes", 1 << (format - 0xc4));
		case 0xca: // float 32
			return { kind: "scalar", headBytes: 1, length: 4 };
		case 0xcb: // float 64
			return { kind: "scalar", headBytes: 1, length: 8 };
		case 0xcc:
		case 0xcd:
		case 0xce: // uint 8, 16, 32
			return { kind: "scalar", headBytes: 1, length: 1 << (format - 0xcc) };
		case 0xd0:
		case 0xd1:
		case 0xd2: // int 8, 16, 32
			return { kind: "scalar", headBytes: 1, length: 1 << (format - 0xd0) };
		case 0xcf: // uint 64
		case 0xd3: // int 64
			return int64(bytes, at, format);
		case 0xd9:
		case 0xda:
		case 0xdb:
			return sized(bytes, at, "string", 1 << (format - 0xd9));
		case 0xdc:
		case 0xdd:
			return sized(bytes, at, "array", format === 0xdc ? 2 : 4);
		case 0xde:
		case 0xdf:
			return sized(bytes, at, "map", format === 0xde ? 2 : 4);
		default:
			return refuse("it holds an extension; only the values of JSON, and bytes, are understood");
	}
}

function sized(bytes: Buffer, at: number, kind: Head["kind"], lengthBytes: number): Head {
	if (at + 1 + lengthBytes > bytes.length) refuse("it ends too early");
	return { kind, headBytes: 1 + lengthBytes, length: bytes.readUIntBE(at + 1, lengthBytes) };
}

function int64(bytes: Buffer, at: number, format: number): Head {
	if (at + 9 > bytes.length) refuse("it ends too early");
	const value = format === 0xcf ? bytes.readBigUInt64BE(at + 1) : bytes.readBigInt64BE(at + 1);
	if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) {
		refuse("an integer is beyond 2^53; send it as a string");
	}
	return { kind: "scalar", headBytes: 1, length: 8 };
}
