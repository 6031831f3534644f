const TEXT_SPECIAL = /[&<>\r]|[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/;
const ATTRIBUTE_SPECIAL = /[&<>'"\t\n\r]|[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/;
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\p{Surrogate}]/u;

const TEXT_ESCAPED = /[&<>\r]/g;

const ESCAPES: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	"'": "&apos;",
	'"': "&quot;",
	"\t": "&#9;",
	"\n": "&#10;",
	"\r": "&#13;",
};

/**
 * Text as it stands between tags. CR would be read as a newline. `>` must be escaped in `]]>` only, but some clients in
 * use (XMPP4R, whose parser looks for the end of a tag by it) stop reading at any other. @throws TypeError, see `checkChars`
 */
export function escapeText(text: string): string {
	if (!TEXT_SPECIAL.test(text)) return text;
	checkChars(text);
	return text.replace(TEXT_ESCAPED, escapeOne);
}

/** Text as it stands in an attribute, in quotes of either kind. Tab, CR and newline would be read as a space. @throws TypeError */
export function escapeAttribute(value: string): string {
	if (!ATTRIBUTE_SPECIAL.test(value)) return value;
	checkChars(value);
	return value.replace(/[&<>'"\t\n\r]/g, escapeOne);
}

/** @throws TypeError for a character that XML 1.0 cannot carry: NUL and other controls, half a surrogate pair, U+FFFE, U+FFFF */
export function checkChars(text: string): void {
	const found = FORBIDDEN.exec(text);
	if (found === null) return;
	const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
	throw new TypeError(`XML cannot carry the character U+${code} (at index ${found.index})`);
}

function escapeOne(character: string): string {
	return ESCAPES[character] as string;
}
