import { endOfString } from "./json-scan.js";

/** Stands before what a key may not hold without an escape, shifted out of the way. From the private use area. */
const MARK = "\uE000";
const SHIFT = 0xe100;
const NEEDS_ESCAPE = /[\0-\x1f"\\\uE000]/g;
const MARKED = /\uE000(.)/gs;
const BEHIND_KEY = /[ \t\r\n]*:/y;

/**
 * JSON.parse for texts in which a key is written with an escape. V8 from 12.8 on (Node 24; nodejs/node issue 63785) takes
 * such a key for one that an earlier text had in the same place, when that one is as long and begins like this one is
 * written: after `{"\\":1}`, `{"\"":1}` may come out as `{"\\":1}`. Whoever can send a payload could rename the keys of
 * another's. So no key has an escape when V8 sees it.
 * @param text nested no deeper than a stack can bear
 * @throws SyntaxError
 */
export function parseWithEscapedKeys(text: string): unknown {
	return withKeys(JSON.parse(withoutEscapes(text)));
}

function withoutEscapes(text: string): string {
	let plain = "";
	let done = 0;
	for (let start = text.indexOf('"'); start >= 0; ) {
		const end = endOfString(text, start + 1) + 1;
		BEHIND_KEY.lastIndex = end;
		if (BEHIND_KEY.test(text)) {
			// A string alone has no keys.
			const key: string = JSON.parse(text.slice(start, end));
			plain += `${text.slice(done, start)}"${marked(key)}"`;
			done = end;
		}
		start = text.indexOf('"', end);
	}
	return plain + text.slice(done);
}

function withKeys(value: unknown): unknown {
	if (typeof value !== "object" || value === null) return value;
	if (Array.isArray(value)) return value.map(withKeys);
	return Object.fromEntries(Object.entries(value).map(([key, child]) => [unmarked(key), withKeys(child)]));
}

const marked = (key: string) =>
	key.replace(NEEDS_ESCAPE, (char) => MARK + String.fromCharCode(SHIFT + (char === MARK ? 0x80 : char.charCodeAt(0))));

const unmarked = (key: string) =>
	key.replace(MARKED, (_, char: string) => {
		const code = char.charCodeAt(0) - SHIFT;
		return code === 0x80 ? MARK : String.fromCharCode(code);
	});
