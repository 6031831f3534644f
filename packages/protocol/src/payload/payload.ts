import { BusError } from "../errors.js";
import { decodeJson, encodeJson } from "./json.js";
import { decodeMsgpack, encodeMsgpack } from "./msgpack.js";

/** How a payload is written into an element: the attribute `enc`. */
export const ENCODINGS = ["msgpack", "json"] as const;
export type Encoding = (typeof ENCODINGS)[number];

interface Codec {
	encode(value: unknown): string;
	decode(text: string): unknown;
}

const CODECS: Readonly<Record<Encoding, Codec>> = {
	json: { encode: encodeJson, decode: decodeJson },
	msgpack: { encode: encodeMsgpack, decode: decodeMsgpack },
};

/**
 * The text for a value; no value at all (`undefined`) is no text.
 * @throws BusError `invalid-argument` for a value that cannot be carried
 */
export function encodePayload(encoding: Encoding, value: unknown): string {
	return value === undefined ? "" : CODECS[encoding].encode(value);
}

/** The value of a text. @throws BusError `invalid-argument` for anything malformed, never anything else */
export function decodePayload(encoding: Encoding, text: string): unknown {
	return text === "" ? undefined : CODECS[encoding].decode(text);
}

/** Reads the attribute `enc`. @throws BusError `invalid-argument` */
export function parseEncoding(text: string | undefined): Encoding {
	const encoding = ENCODINGS.find((known) => known === text);
	if (encoding === undefined) {
		throw new BusError(
			"invalid-argument",
			`enc must be one of ${ENCODINGS.join(", ")}${text === undefined ? ", and is missing" : ""}`,
		);
	}
	return encoding;
}
