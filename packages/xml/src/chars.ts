// Character classes of XML 1.0, fifth edition. The tables are for bytes of UTF-8 that is known to be valid, so that a
// byte of a multi-byte character is ordinary, except 0xEF, which may begin U+FFFE or U+FFFF.

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const BANG = 0x21;
export const QUOT = 0x22;
export const HASH = 0x23;
export const AMP = 0x26;
export const APOS = 0x27;
export const HYPHEN = 0x2d;
export const SLASH = 0x2f;
export const SEMICOLON = 0x3b;
export const LT = 0x3c;
export const EQUALS = 0x3d;
export const GT = 0x3e;
export const QUESTION = 0x3f;
export const LEFT_BRACKET = 0x5b;
export const RIGHT_BRACKET = 0x5d;

/** 1 for a byte that ends a plain run of text: markup, a control character, CR, the end of `]]>`, 0xEF. */
export const TEXT_STOP = table(
	(byte) => isControl(byte) || byte === LT || byte === AMP || byte === GT || byte === 0xef,
);

/** 1 for a byte that ends a plain run of an attribute value. Tab and newline do, since they become a space. */
export const VALUE_STOP = table(
	(byte) => byte < SPACE || byte === LT || byte === AMP || byte === QUOT || byte === APOS || byte === 0xef,
);

/** 1 for a byte that ends a plain run inside a CDATA section. */
export const CDATA_STOP = table((byte) => isControl(byte) || byte === RIGHT_BRACKET || byte === 0xef);

/** 1 for a byte that may be in a name; of a character outside ASCII only the whole name can tell. */
export const NAME_BYTE = table((byte) => byte >= 0x80 || /[A-Za-z0-9_:.-]/.test(String.fromCharCode(byte)));

/** The first place from `i` on whose byte is 1 in `stops`, or `end`. Alone, because such a small loop compiles best. */
export function skipPlain(bytes: Buffer, i: number, end: number, stops: Uint8Array): number {
	while (i < end && stops[bytes[i] as number] === 0) i++;
	return i;
}

export function isSpace(byte: number): boolean {
	return byte === SPACE || byte === LF || byte === TAB || byte === CR;
}

/** Char of XML 1.0: what a character reference may stand for. */
export function isXmlChar(codePoint: number): boolean {
	if (codePoint < 0x20) return codePoint === TAB || codePoint === LF || codePoint === CR;
	if (codePoint < 0xd800) return true;
	return (codePoint >= 0xe000 && codePoint <= 0xfffd) || (codePoint >= 0x10000 && codePoint <= 0x10ffff);
}

const NAME_START =
	"A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F" +
	"\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}";
const NC_NAME = new RegExp(`^[${NAME_START}][${NAME_START}\\-.0-9\\xB7\\u0300-\\u036F\\u203F-\\u2040]*$`, "u");
const ASCII_NC_NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;

/** NCName of Namespaces in XML: a name without a colon. */
export function isNcName(name: string): boolean {
	return ASCII_NC_NAME.test(name) || NC_NAME.test(name);
}

function isControl(byte: number): boolean {
	return byte < SPACE && byte !== TAB && byte !== LF;
}

function table(stops: (byte: number) => boolean): Uint8Array {
	return Uint8Array.from({ length: 256 }, (_, byte) => (stops(byte) ? 1 : 0));
}
