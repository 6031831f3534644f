import { BusError } from "../errors.js";
import { MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "../limits.js";
import { checkValue } from "./value.js";

/** Strings whole, and each character that gives a JSON text its structure. */
const TOKENS = /"(?:[^"\\]|\\.)*"?|[[\]{}:,]/gs;
/** Noncharacters that JSON.stringify leaves as they are and XML cannot carry. */
const NOT_XML = /[\uFFFE\uFFFF]/g;

/** @throws BusError `invalid-argument` for what JSON cannot carry */
export function encodeJson(value: unknown): string {
	checkValue(value, "refuse");
	return JSON.stringify(value).replace(NOT_XML, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
}

/**
 * Parses JSON text (RFC 8259) strictly: duplicate keys, numbers beyond a double, half surrogates and deep nesting are
 * refused rather than mended.
 * @throws BusError `invalid-argument`
 */
export function decodeJson(text: string): unknown {
	const keys = scan(text);
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw new BusError("invalid-argument", "payload: not JSON", { cause: error });
	}
	if (checkValue(value, "refuse") !== keys)
		throw new BusError("invalid-argument", "payload: an object has one key twice");
	return value;
}

/** Bounds the structure before JSON.parse builds it. @returns how many keys the text has */
function scan(text: string): number {
	let depth = 0;
	let keys = 0;
	let items = 0;
	for (const [token] of text.matchAll(TOKENS)) {
		if (token === "[" || token === "{") depth++;
		else if (token === "]" || token === "}") depth--;
		else if (token === ":") keys++;
		else if (token === ",") items++;
		if (depth > MAX_PAYLOAD_DEPTH) {
			throw new BusError("invalid-argument", `payload: nested deeper than ${MAX_PAYLOAD_DEPTH} levels`);
		}
		if (items > MAX_PAYLOAD_ITEMS)
			throw new BusError("invalid-argument", `payload: more than ${MAX_PAYLOAD_ITEMS} values`);
	}
	return keys;
}
