import { Packr } from "msgpackr";
import { BusError } from "../../errors.js";
import { readMsgpack } from "./msgpack-reader.js";
import { plainValue } from "./value.js";

// Without records (not portable) and without toJSON (a payload may have a key of that name).
const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false });

/** The encoder keeps its buffer, at the size of the largest payload it has seen; past this it gets a fresh one. */
const MAX_KEPT_BYTES = 256 * 1024;
const FRESH_BYTES = 8192;

/** @returns base64 of the msgpack. @throws BusError `invalid-argument` for what cannot be carried */
export function encodeMsgpack(value: unknown): string {
	const bytes = packr.pack(plainValue(value, "allow").value);
	const text = bytes.toString("base64");
	if (bytes.buffer.byteLength > MAX_KEPT_BYTES) packr.useBuffer(Buffer.allocUnsafeSlow(FRESH_BYTES));
	return text;
}

/** @param text base64 of msgpack (RFC 4648, section 4: padded, no white space). @throws BusError `invalid-argument` */
export function decodeMsgpack(text: string): unknown {
	const bytes = Buffer.from(text, "base64");
	// Node's decoder skips what it does not know; encoded again, only canonical base64 is the same.
	if (bytes.toString("base64") !== text) throw new BusError("invalid-argument", "payload: not base64");
	return readMsgpack(bytes);
}
