import { Refusal } from "./xml-error.js";

const S = "[ \\t\\r\\n]";
const DECLARATION = new RegExp(
	`^${S}+version${S}*=${S}*(?:'([^'<&]*)'|"([^"<&]*)")` +
		`(?:${S}+encoding${S}*=${S}*(?:'([A-Za-z][A-Za-z0-9._-]*)'|"([A-Za-z][A-Za-z0-9._-]*)"))?` +
		`(?:${S}+standalone${S}*=${S}*(?:'(?:yes|no)'|"(?:yes|no)"))?${S}*\\?$`,
);

/**
 * Checks an XML declaration (XML 1.0 section 2.8; RFC 6120 sections 11.5 and 11.6).
 * @param text what stands between `<?xml` and the final `>`. @throws Refusal
 */
export function checkDeclaration(text: string): void {
	const match = DECLARATION.exec(text);
	if (match === null) throw new Refusal("not-well-formed", "a malformed XML declaration");
	if ((match[1] ?? match[2]) !== "1.0") throw new Refusal("not-well-formed", "a version of XML other than 1.0");
	const encoding = match[3] ?? match[4];
	if (encoding !== undefined && encoding.toLowerCase() !== "utf-8") {
		throw new Refusal("unsupported-encoding", "an XML declaration that states an encoding other than UTF-8");
	}
}
