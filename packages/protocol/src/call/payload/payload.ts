import { BusError } from "../../errors.js";
import { MAX_PAYLOAD_CHARS } from "../../limits.js";
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
 * @throws BusError `invalid-argument` for a value that cannot be carried, `too-large`; never anything else
 */
export function encodePayload(encoding: Encoding, value: unknown): string {
	if (value === undefined) return "";
	let text: string;
	try {
		text = CODECS[encoding].encode(value);
	} catch (error) {
		// What a getter or a Proxy inside the value threw.
		if (error instanceof BusError) throw error;
		throw new BusError("invalid-argument", "payload: it could not be read", { cause: error });
	}
	if (text.length > MAX_PAYLOAD_CHARS) throw tooLarge();
	return text;
}

/**
 * The value of a text; no text is `undefined`.
 * @throws BusError `invalid-argument` for anything malformed, `too-large`; never anything else
 */
export function decodePayload(encoding: Encoding, text: string): unknown {
	if (text === "") return undefined;
	if (text.length > MAX_PAYLOAD_CHARS) throw tooLarge();
	return CODECS[encoding].decode(text);
}

function tooLarge(): BusError {
	return new BusError("too-large", `payload: more than ${MAX_PAYLOAD_CHARS} characters of text`);
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
