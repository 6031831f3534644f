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
 * @param defaultNs the default namespace in force outside, such as that of the stream's content
 * @param prefixes prefixes declared outside: elements and attributes of their namespaces are written with them
 * @throws TypeError for names and characters that XML 1.0 cannot carry, attributes given twice, and more than 1000 levels
 */
export function serialize(element: Element, defaultNs = "", prefixes?: Prefixes): string {
	const byNs =
		prefixes === undefined ? undefined : new Map(Object.entries(prefixes).map(([prefix, ns]) => [ns, prefix]));
	return write(element, defaultNs, byNs, 1);
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

function write(
	element: Element,
	defaultNs: string,
	prefixes: ReadonlyMap<string, string> | undefined,
	depth: number,
): string {
	if (depth > MAX_DEPTH) throw new TypeError(`elements are nested more than ${MAX_DEPTH} levels deep`);
	if (!isNcName(element.name)) throw new TypeError(`${JSON.stringify(element.name)} is no element name`);
	let { name, ns } = element;
	let tag = "";
	const prefix = ns === defaultNs ? undefined : ns === XML_NS ? "xml" : prefixes?.get(ns);
	if (prefix !== undefined) {
		name = `${prefix}:${name}`;
		ns = defaultNs;
	} else if (ns !== defaultNs) {
		if (ns === XMLNS_NS) throw new TypeError("an element cannot be in the namespace of xmlns");
		tag = ` xmlns='${escapeAttribute(ns)}'`;
	}
	if (element.attributes.length > 0) tag += writeAttributes(element.attributes, prefixes);
	let content = "";
	for (const child of element.children) {
		content += typeof child === "string" ? escapeText(child) : write(child, ns, prefixes, depth + 1);
	}
	return content === "" ? `<${name}${tag}/>` : `<${name}${tag}>${content}</${name}>`;
}

function writeAttributes(attributes: readonly string[], prefixes: ReadonlyMap<string, string> | undefined): string {
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
			let prefix = prefixes?.get(ns);
			if (prefix === undefined) {
				if (close < 0 || ns === "" || ns === XMLNS_NS || ns === XML_NS) throw invalidAttribute(key);
				do prefix = `ns${generated++}`;
				while (isPrefixTaken(prefix, prefixes));
				text += ` xmlns:${prefix}='${escapeAttribute(ns)}'`;
			}
			name = `${prefix}:${local}`;
		} else {
			checkAttributeName(key.startsWith("xml:") ? key.slice(4) : key);
		}
		text += ` ${name}='${escapeAttribute(attributes[i + 1] as string)}'`;
	}
	return text;
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
