import { constants } from "node:buffer";
import { isNcName } from "./chars.js";
import type { AttributeValues, Element } from "./element.js";
import { escapeAttribute, escapeText } from "./escape.js";
import { XML_NS, XMLNS_NS } from "./namespace-scope.js";
import { STREAMS_NS } from "./stream-parser.js";

/** Namespace by prefix. */
export type Prefixes = Readonly<Record<string, string>>;

/** What a stream header declares, for the third argument of `serialize`: gives `<stream:features>`, `<stream:error>`. */
export const STREAM_PREFIXES: Prefixes = Object.freeze({ stream: STREAMS_NS });

/** The end tag of a stream. */
export const STREAM_END = "</stream:stream>";

/** Elements built by hand have no limit of depth; the call stack has. */
const MAX_DEPTH = 1000;

/**
 * The element as XML. `xmlns` appears where the namespace differs from the one in force; attributes of a namespace get
 * a prefix.
 *
 * Prefixes are not kept, so what a few of them said in short is written out at each place where it holds: an element that
 * a peer sent may come out very much longer. Where that matters, {@link serializeWithin}.
 * @param defaultNs the default namespace in force outside, such as that of the stream's content
 * @param prefixes prefixes declared outside: elements and attributes of their namespaces are written with them
 * @throws TypeError for names and characters that XML 1.0 cannot carry, attributes given twice, and more than 1000 levels
 * @throws RangeError for more than a string can hold
 */
export function serialize(element: Element, defaultNs = "", prefixes?: Prefixes): string {
	return write(element, defaultNs, 1, writing(prefixes, constants.MAX_STRING_LENGTH));
}

/**
 * As {@link serialize}, or `undefined` when that is longer than `maxLength`. It stops at the first piece too many, so time
 * and memory are bounded by `maxLength` and the longest single text, attribute or namespace.
 * @param maxLength in characters as `String.length` counts them; UTF-8 has as many bytes or more
 * @throws TypeError as {@link serialize}, for what stands before that point
 */
export function serializeWithin(
	maxLength: number,
	element: Element,
	defaultNs = "",
	prefixes?: Prefixes,
): string | undefined {
	try {
		return write(element, defaultNs, 1, writing(prefixes, maxLength));
	} catch (thrown) {
		if (thrown instanceof TooLong) return undefined;
		throw thrown;
	}
}

/**
 * XML declaration and start tag of a stream.
 * @param contentNs `jabber:client`, `jabber:server` or `jabber:component:accept`
 * @param attributes to, from, id, version, xml:lang
 */
export function streamHeader(contentNs: string, attributes: AttributeValues = {}): string {
	const namespaces = `xmlns='${escapeAttribute(contentNs)}' xmlns:stream='${STREAMS_NS}'`;
	let rest = "";
	for (const [name, value] of Object.entries(attributes)) {
		if (value === undefined) continue;
		if (name !== "xml:lang") checkAttributeName(name);
		rest += ` ${name}='${escapeAttribute(value)}'`;
	}
	return `<?xml version='1.0'?><stream:stream ${namespaces}${rest}>`;
}

class TooLong extends RangeError {}

/** What one call of `serialize` goes by. A plain object: for a small stanza the rest takes no longer than making a class. */
interface Writing {
	readonly prefixes: ReadonlyMap<string, string> | undefined;
	/** Characters that may still be written. Each piece is counted before it is put to the others. */
	left: number;
}

function writing(prefixes: Prefixes | undefined, maxLength: number): Writing {
	return {
		prefixes:
			prefixes === undefined ? undefined : new Map(Object.entries(prefixes).map(([prefix, ns]) => [ns, prefix])),
		left: maxLength,
	};
}

function write(element: Element, defaultNs: string, depth: number, to: Writing): string {
	if (depth > MAX_DEPTH) throw new TypeError(`elements are nested more than ${MAX_DEPTH} levels deep`);
	if (!isNcName(element.name)) throw new TypeError(`${JSON.stringify(element.name)} is no element name`);
	let { name, ns } = element;
	let tag = "";
	const prefix = ns === defaultNs ? undefined : ns === XML_NS ? "xml" : to.prefixes?.get(ns);
	if (prefix !== undefined) {
		name = `${prefix}:${name}`;
		ns = defaultNs;
	} else if (ns !== defaultNs) {
		if (ns === XMLNS_NS) throw new TypeError("an element cannot be in the namespace of xmlns");
		tag = writeAttribute("xmlns", ns, to);
	}
	if (element.attributes.length > 0) tag += writeAttributes(element.attributes, to);
	count(name.length + "</>".length, to);
	let content = "";
	for (const child of element.children) {
		content += typeof child === "string" ? writeText(child, to) : write(child, ns, depth + 1, to);
	}
	if (content === "") return `<${name}${tag}/>`;
	count(name.length + "<>".length, to);
	return `<${name}${tag}>${content}</${name}>`;
}

function writeAttributes(attributes: readonly string[], to: Writing): string {
	let text = "";
	let generated = 0;
	for (let i = 0; i < attributes.length; i += 2) {
		const key = attributes[i] as string;
		if (isGivenBefore(attributes, key, i)) {
			throw new TypeError(`the attribute ${JSON.stringify(key)} is given twice`);
		}
		let name = key;
		if (key.startsWith("{")) {
			const close = key.lastIndexOf("}");
			const ns = key.slice(1, close);
			const local = key.slice(close + 1);
			checkAttributeName(local);
			let prefix = to.prefixes?.get(ns);
			if (prefix === undefined) {
				if (close < 0 || ns === "" || ns === XMLNS_NS || ns === XML_NS) throw invalidAttribute(key);
				do prefix = `ns${generated++}`;
				while (isPrefixTaken(prefix, to.prefixes));
				text += writeAttribute(`xmlns:${prefix}`, ns, to);
			}
			name = `${prefix}:${local}`;
		} else {
			checkAttributeName(key.startsWith("xml:") ? key.slice(4) : key);
		}
		text += writeAttribute(name, attributes[i + 1] as string, to);
	}
	return text;
}

function writeAttribute(name: string, value: string, to: Writing): string {
	checkRoom(value.length, to);
	const escaped = escapeAttribute(value);
	count(name.length + escaped.length + " =''".length, to);
	return ` ${name}='${escaped}'`;
}

function writeText(text: string, to: Writing): string {
	checkRoom(text.length, to);
	const escaped = escapeText(text);
	count(escaped.length, to);
	return escaped;
}

function count(length: number, to: Writing): void {
	checkRoom(length, to);
	to.left -= length;
}

/** Escaping never makes anything shorter: what is too long as it is need not be gone through. */
function checkRoom(length: number, to: Writing): void {
	if (length > to.left) throw new TooLong("more XML than a string can hold");
}

/** Names stand at even places only; a value may look like a name. */
function isGivenBefore(attributes: readonly string[], key: string, before: number): boolean {
	for (let i = 0; i < before; i += 2) {
		if (attributes[i] === key) return true;
	}
	return false;
}

function isPrefixTaken(prefix: string, prefixes: ReadonlyMap<string, string> | undefined): boolean {
	if (prefixes === undefined) return false;
	for (const taken of prefixes.values()) {
		if (taken === prefix) return true;
	}
	return false;
}

function checkAttributeName(name: string): void {
	if (name === "xmlns" || !isNcName(name)) throw invalidAttribute(name);
}

function invalidAttribute(name: string): TypeError {
	return new TypeError(`${JSON.stringify(name)} is no attribute name`);
}
