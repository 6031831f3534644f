import { BusError } from "../../errors.js";
import { parseWithEscapedKeys } from "./json-keys.js";
import { scanJson } from "./json-scan.js";
import { plainValue } from "./value.js";

/** Noncharacters that JSON.stringify leaves as they are and XML cannot carry. */
const NOT_XML = /[\uFFFE\uFFFF]/g;

/** @throws BusError `invalid-argument` for what JSON cannot carry */
export function encodeJson(value: unknown): string {
	const text = JSON.stringify(plainValue(value, "refuse").value);
	return text.replace(NOT_XML, (char) => `\\u${char.charCodeAt(0).toString(16)}`);
}

/**
 * Parses JSON text (RFC 8259) strictly: duplicate keys, numbers that a double cannot hold, half surrogates and deep
 * nesting are refused rather than mended.
 * @throws BusError `invalid-argument`
 */
export function decodeJson(text: string): unknown {
	const outline = scanJson(text);
	let parsed: unknown;
	try {
		parsed = outline.escapedKeys ? parseWithEscapedKeys(text) : JSON.parse(text);
	} catch (error) {
		throw new BusError("invalid-argument", "payload: not JSON", { cause: error });
	}
	const { value, keys } = plainValue(parsed, "refuse");
	if (keys !== outline.keys) throw new BusError("invalid-argument", "payload: an object has one key twice");
	return value;
}
