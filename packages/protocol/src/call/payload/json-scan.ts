import { BusError } from "../../errors.js";
import { MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "../../limits.js";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** An integer with fewer digits is below 2^53. */
const MANY_DIGITS = 16;
const DIGITS = /\d+/y;

const refuse = (reason: string): never => {
	throw new BusError("invalid-argument", `payload: ${reason}`);
};

/** What is known of a JSON text before it is parsed. */
export interface JsonOutline {
	/** How many keys its objects have in all. */
	readonly keys: number;
	/** Whether a key is written with an escape. */
	readonly escapedKeys: boolean;
}

/**
 * Bounds the structure of a JSON text before anything is built from it, in one pass and without memory of its own. It
 * is no parser: what is not JSON passes here and is refused by JSON.parse.
 *
 * A loop and not a regular expression, because one that matches a string of some million characters overflows its stack.
 *
 * @throws BusError `invalid-argument`
 */
export function scanJson(text: string): JsonOutline {
	let depth = 0;
	let keys = 0;
	let escapedKeys = false;
	/** Whether the last string was written with an escape. */
	let escaped = false;
	/** The next backslash, or one that was passed. */
	let backslash = -1;
	/** Every value but the first stands behind a comma or is the first of a container that is not empty. */
	let values = 1;
	let previous = 0;
	let digits = 0;
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code >= 0x30 && code <= 0x39) {
			if (++digits === MANY_DIGITS) checkInteger(text, i - MANY_DIGITS + 1);
		} else {
			digits = 0;
			if (code <= 0x20) continue;
			if (code === QUOTE) {
				if (backslash < i) backslash = indexOrEnd(text, "\\", i);
				i = endOfString(text, i + 1);
				escaped = backslash < i;
			} else if (code === COLON) {
				keys++;
				if (escaped) escapedKeys = true;
			} else if (code === COMMA) values++;
			else if (code === OPEN_ARRAY || code === OPEN_OBJECT) {
				values++;
				if (++depth > MAX_PAYLOAD_DEPTH) refuse(`nested deeper than ${MAX_PAYLOAD_DEPTH} levels`);
			} else if (code === CLOSE_ARRAY || code === CLOSE_OBJECT) {
				depth--;
				if (previous === OPEN_ARRAY || previous === OPEN_OBJECT) values--;
			}
		}
		previous = code;
	}
	if (values + keys > MAX_PAYLOAD_ITEMS) refuse(`more than ${MAX_PAYLOAD_ITEMS} values`);
	return { keys, escapedKeys };
}

/** @param start the character behind the opening quote. @returns where the closing quote is, or the end of the text */
export function endOfString(text: string, start: number): number {
	const quote = indexOrEnd(text, '"', start);
	if (text.charCodeAt(quote - 1) !== BACKSLASH) return quote;
	for (let i = start; i < text.length; i++) {
		const code = text.charCodeAt(i);
		if (code === BACKSLASH) i++;
		else if (code === QUOTE) return i;
	}
	return text.length;
}

function indexOrEnd(text: string, char: string, start: number): number {
	const index = text.indexOf(char, start);
	return index < 0 ? text.length : index;
}

/** An integer that a double cannot hold would be rounded without a word; what JSON.stringify writes is never refused. */
function checkInteger(text: string, start: number): void {
	let before = text[start - 1];
	if (before === "-" || before === "+") before = text[start - 2];
	if (before === "." || before === "e" || before === "E") return;
	DIGITS.lastIndex = start;
	const literal = DIGITS.exec(text)?.[0] ?? "";
	const after = text[start + literal.length];
	if (after === "." || after === "e" || after === "E") return;
	const number = Number(literal);
	if (!Number.isSafeInteger(number) && String(number) !== literal) {
		refuse("an integer is beyond 2^53; send it as a string");
	}
}
