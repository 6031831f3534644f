import { Packr } from "msgpackr";
import { BusError } from "../errors.js";
import { scanMsgpack } from "./msgpack-scan.js";
import { checkValue } from "./value.js";

// Without records (not portable), without a wish to be clever: what goes in comes out, in any language's msgpack.
// After the scan a 64-bit integer is known to fit a number.
const packr = new Packr({
	useRecords: false,
	mapsAsObjects: true,
	int64AsType: "number",
	variableMapSize: true,
	encodeUndefinedAsNil: false,
});

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @returns base64 of the msgpack. @throws BusError `invalid-argument` for what cannot be carried */
export function encodeMsgpack(value: unknown): string {
	checkValue(value, "allow");
	return packr.pack(value).toString("base64");
}

/** @param text base64 of msgpack. @throws BusError `invalid-argument` */
export function decodeMsgpack(text: string): unknown {
	if (!BASE64.test(text)) throw new BusError("invalid-argument", "payload: not base64");
	const bytes = Buffer.from(text, "base64");
	const keys = scanMsgpack(bytes);
	let value: unknown;
	try {
		value = packr.unpack(bytes);
	} catch (error) {
		throw new BusError("invalid-argument", "payload: not msgpack", { cause: error });
	}
	if (checkValue(value, "allow") !== keys)
		throw new BusError("invalid-argument", "payload: an object has one key twice");
	return value;
}
