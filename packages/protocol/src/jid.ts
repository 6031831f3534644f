import { domainToASCII, domainToUnicode } from "node:url";

/** Bytes of UTF-8 that one part of a JID may have (RFC 7622, section 3.1). */
const MAX_PART_BYTES = 1023;
/** Three parts, '@' and '/': what is longer is refused before any work. */
const MAX_CHARS = 3 * MAX_PART_BYTES + 2;
/** A domain in lower-case ASCII: labels of at most 63 letters, digits and hyphens inside (RFC 1123), 255 in all. */
const LDH =
	"(?=[a-z0-9.-]{1,255}(?:/|$))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*";
const LDH_DOMAIN = new RegExp(`^${LDH}$`);
/** What parses most JIDs without touching Unicode tables: already lower-case ASCII, and a printable resource. */
const PLAIN = new RegExp(`^(?:([a-z0-9!#$%()*+,.;=?[\\]^_\`{|}~-]{1,255})@)?(${LDH})(?:/([\\x20-\\x7e]{1,255}))?$`);
/** Prefix of a label that stands for another one in Unicode (RFC 5890). */
const A_LABEL = /(?:^|\.)xn--/;
/** Letters, marks and digits of any script, in labels; what else IDNA would map away or refuse is refused here. */
const UNICODE_DOMAIN = /^(?!.*\p{DI})[\p{L}\p{M}\p{Nd}][\p{L}\p{M}\p{Nd}.-]*$/u;
/** Dots of other scripts (RFC 5895, section 2). */
const DOTS = /[\u3002\uFF0E\uFF61]/g;
const FORBIDDEN_LOCAL = /["&'/:<>@\s\p{C}\p{DI}]/u;
/**
 * What the FreeformClass disallows (RFC 8264, sections 8 and 9), in this order: controls, format, private use,
 * surrogates, noncharacters and what is unassigned; line and paragraph separators; what is invisible; the exceptions of
 * section 9.6; the jamo of Old Hangul.
 */
const FORBIDDEN_RESOURCE =
	/[\p{C}\p{Zl}\p{Zp}\p{DI}\u0640\u07FA\u302E\u302F\u3031-\u3035\u303B\u1100-\u11FF\uA960-\uA97C\uD7B0-\uD7C6\uD7CB-\uD7FB]/u;
const OTHER_SPACE = /\p{Zs}/gu;
const IP_LITERAL = /^\[[0-9a-f:.]{2,45}\]$/;

export class JidError extends Error {
	override readonly name = "JidError";
}

/**
 * An XMPP address, `local@domain/resource` (RFC 7622), normalised: the local part and the domain are folded to lower
 * case. Two JIDs are the same exactly when their strings are.
 *
 * - local: mapped with NFKC as deployed servers do (nodeprep, RFC 3920 appendix A), so that a full-width look-alike of a
 *   name is that name. Not allowed: `"&'/:<>@`, white space, control and invisible characters.
 * - domain: labels of letters, digits and hyphens, in Unicode (an `xn--` label becomes what it stands for), or an IP
 *   address, IPv6 in brackets.
 * - resource: case and everything else is kept but for NFC and spaces, which become plain ones (OpaqueString, RFC 8265,
 *   section 4.2). Not allowed: control, format, invisible, private and unassigned characters. The joiners U+200C and U+200D
 *   are among these wherever they stand, though RFC 5892 allows them in the middle of some scripts: two resources must not
 *   look the same. The visible characters that RFC 5892 ties to their neighbours (CONTEXTO) are allowed anywhere.
 */
export class Jid {
	readonly local: string | undefined;
	readonly domain: string;
	readonly resource: string | undefined;
	readonly #text: string;

	private constructor(local: string | undefined, domain: string, resource: string | undefined) {
		this.local = local;
		this.domain = domain;
		this.resource = resource;
		const bare = local === undefined ? domain : `${local}@${domain}`;
		this.#text = resource === undefined ? bare : `${bare}/${resource}`;
	}

	/** @throws JidError with what is wrong */
	static parse(text: string): Jid {
		if (text.length > MAX_CHARS)
			throw new JidError(`a JID cannot be longer than ${MAX_CHARS} characters: ${show(text)}`);
		const plain = PLAIN.exec(text);
		if (plain !== null && !A_LABEL.test(plain[2] as string)) return new Jid(plain[1], plain[2] as string, plain[3]);
		// The resource may contain '@' and '/', so it is cut off first (RFC 7622, section 3.1).
		const slash = text.indexOf("/");
		const bare = slash < 0 ? text : text.slice(0, slash);
		const at = bare.indexOf("@");
		return Jid.of(
			at < 0 ? undefined : bare.slice(0, at),
			bare.slice(at + 1),
			slash < 0 ? undefined : text.slice(slash + 1),
		);
	}

	static tryParse(text: string | undefined): Jid | undefined {
		if (text === undefined) return undefined;
		try {
			return Jid.parse(text);
		} catch {
			return undefined;
		}
	}

	/** Builds a JID from its parts. @throws JidError with what is wrong */
	static of(local: string | undefined, domain: string, resource?: string): Jid {
		return new Jid(
			local === undefined ? undefined : prepareLocal(local),
			prepareDomain(domain),
			resource === undefined ? undefined : prepareResource(resource),
		);
	}

	/** This address without its resource. */
	bare(): Jid {
		return this.resource === undefined ? this : new Jid(this.local, this.domain, undefined);
	}

	withResource(resource: string): Jid {
		return new Jid(this.local, this.domain, prepareResource(resource));
	}

	equals(other: Jid): boolean {
		return this.#text === other.#text;
	}

	toString(): string {
		return this.#text;
	}
}

function prepareLocal(text: string): string {
	// Before it is mapped, too: the mapping takes the square of the time on a long row of combining marks.
	sized(text, "local part", text);
	const local = text.normalize("NFKC").toLowerCase().normalize("NFKC");
	if (FORBIDDEN_LOCAL.test(local))
		throw new JidError(`the local part of a JID cannot contain one of its characters: ${show(text)}`);
	return sized(local, "local part", text);
}

function prepareDomain(text: string): string {
	const domain = (text.endsWith(".") ? text.slice(0, -1) : text).normalize("NFKC").toLowerCase().replace(DOTS, ".");
	if (LDH_DOMAIN.test(domain) && !A_LABEL.test(domain)) return domain;
	// node:url reads these as the host of a URL does: it drops tabs, stops at '?' and decodes '%61'. So the characters are
	// checked first; what it is asked for is the mapping and the rules of IDNA, and one spelling of an IPv6 address.
	if (IP_LITERAL.test(domain)) {
		const address = domainToASCII(domain);
		if (address !== "") return address;
	}
	const ascii = UNICODE_DOMAIN.test(domain) ? domainToASCII(domain) : "";
	const unicode = domainToUnicode(ascii);
	// A label that is no punycode comes back as it was from newer versions of Node.
	const decoded = UNICODE_DOMAIN.test(unicode) && !A_LABEL.test(unicode);
	if (!LDH_DOMAIN.test(ascii) || !decoded || domainToASCII(unicode) !== ascii) {
		throw new JidError(`not a domain: ${show(text)}`);
	}
	return sized(unicode, "domain", text);
}

function prepareResource(text: string): string {
	sized(text, "resource", text);
	const resource = text.normalize("NFC").replace(OTHER_SPACE, " ");
	if (FORBIDDEN_RESOURCE.test(resource))
		throw new JidError(
			`the resource of a JID cannot contain control, invisible or unassigned characters: ${show(text)}`,
		);
	return sized(resource, "resource", text);
}

function sized(part: string, what: string, original: string): string {
	if (part === "") throw new JidError(`the ${what} of a JID cannot be empty`);
	if (part.length * 3 > MAX_PART_BYTES && Buffer.byteLength(part) > MAX_PART_BYTES) {
		throw new JidError(`the ${what} of a JID is longer than ${MAX_PART_BYTES} bytes: ${show(original)}`);
	}
	return part;
}

function show(text: string): string {
	return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
