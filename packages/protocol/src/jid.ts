import { domainToASCII } from "node:url";

/** Bytes of UTF-8 that one part of a JID may have (RFC 7622, section 3.1). */
const MAX_PART_BYTES = 1023;
/** What parses most JIDs without touching Unicode tables: already lower-case ASCII. */
const PLAIN =
	/^(?:([a-z0-9!#$%()*+,.;=?[\]^_`{|}~-]{1,255})@)?([a-z0-9](?:[a-z0-9.-]{0,253}[a-z0-9])?)(?:\/([\x20-\x7e]{1,255}))?$/;
const FORBIDDEN_LOCAL = /["&'/:<>@\s\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]/u;
const FORBIDDEN_RESOURCE = /[\p{Cc}\p{Cs}\p{Cn}]/u;
const IP_LITERAL = /^\[[0-9a-f:.]+\]$/;

export class JidError extends Error {
	override readonly name = "JidError";
}

/**
 * An XMPP address, `local@domain/resource` (RFC 7622), normalised: the local part and the domain are folded to lower
 * case. Two JIDs are the same exactly when their strings are.
 *
 * The local part is mapped with NFKC as deployed servers do (nodeprep, RFC 3920 appendix A), so that a full-width
 * look-alike of a name is that name.
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
		const plain = PLAIN.exec(text);
		if (plain !== null && !(plain[2] as string).includes("..")) return new Jid(plain[1], plain[2] as string, plain[3]);
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
	const local = text.normalize("NFKC").toLowerCase().normalize("NFKC");
	if (FORBIDDEN_LOCAL.test(local))
		throw new JidError(`the local part of a JID cannot contain one of its characters: ${show(text)}`);
	return sized(local, "local part", text);
}

function prepareDomain(text: string): string {
	const trimmed = text.endsWith(".") ? text.slice(0, -1) : text;
	const lower = trimmed.toLowerCase();
	if (IP_LITERAL.test(lower)) return lower;
	// domainToASCII refuses what no domain may contain; the Unicode form is kept, as RFC 7622 section 3.2 asks.
	const ascii = domainToASCII(lower);
	if (ascii === "" || /[^a-z0-9.-]|\.\./.test(ascii)) throw new JidError(`not a domain: ${show(text)}`);
	return sized(lower.normalize("NFKC"), "domain", text);
}

function prepareResource(text: string): string {
	const resource = text.normalize("NFC");
	if (FORBIDDEN_RESOURCE.test(resource))
		throw new JidError(`the resource of a JID cannot contain control characters: ${show(text)}`);
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
