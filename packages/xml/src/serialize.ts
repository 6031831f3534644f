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
	return new Writer(prefixes, constants.MAX_STRING_LENGTH).write(element, defaultNs, 1);
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
		return new Writer(prefixes, maxLength).write(element, defaultNs, 1);
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

/** Writes one element and all below it. Each piece is counted before it is put to the others. */
class Writer {
	readonly #prefixes: ReadonlyMap<string, string> | undefined;
	#left: number;

	constructor(prefixes: Prefixes | undefined, maxLength: number) {
		if (prefixes !== undefined) this.#prefixes = new Map(Object.entries(prefixes).map(([prefix, ns]) => [ns, prefix]));
		this.#left = maxLength;
	}

	write(element: Element, defaultNs: string, depth: number): string {
		if (depth > MAX_DEPTH) throw new TypeError(`elements are nested more than ${MAX_DEPTH} levels deep`);
		if (!isNcName(element.name)) throw new TypeError(`${JSON.stringify(element.name)} is no element name`);
		let { name, ns } = element;
		let tag = "";
		const prefix = ns === defaultNs ? undefined : ns === XML_NS ? "xml" : this.#prefixes?.get(ns);
		if (prefix !== undefined) {
			name = `${prefix}:${name}`;
			ns = defaultNs;
		} else if (ns !== defaultNs) {
			if (ns === XMLNS_NS) throw new TypeError("an element cannot be in the namespace of xmlns");
			tag = this.#attribute("xmlns", ns);
		}
		if (element.attributes.length > 0) tag += this.#attributes(element.attributes);
		this.#count(name.length + "</>".length);
		let content = "";
		for (const child of element.children) {
			content += typeof child === "string" ? this.#text(child) : this.write(child, ns, depth + 1);
		}
		if (content === "") return `<${name}${tag}/>`;
		this.#count(name.length + "<>".length);
		return `<${name}${tag}>${content}</${name}>`;
	}

	#attributes(attributes: readonly string[]): string {
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
				let prefix = this.#prefixes?.get(ns);
				if (prefix === undefined) {
					if (close < 0 || ns === "" || ns === XMLNS_NS || ns === XML_NS) throw invalidAttribute(key);
					do prefix = `ns${generated++}`;
					while (this.#isTaken(prefix));
					text += this.#attribute(`xmlns:${prefix}`, ns);
				}
				name = `${prefix}:${local}`;
			} else {
				checkAttributeName(key.startsWith("xml:") ? key.slice(4) : key);
			}
			text += this.#attribute(name, attributes[i + 1] as string);
		}
		return text;
	}

	#attribute(name: string, value: string): string {
		this.#ensure(value.length);
		const text = ` ${name}='${escapeAttribute(value)}'`;
		this.#count(text.length);
		return text;
	}

	#text(text: string): string {
		this.#ensure(text.length);
		const escaped = escapeText(text);
		this.#count(escaped.length);
		return escaped;
	}

	/** Escaping never makes anything shorter: what is too long as it is need not be gone through. */
	#ensure(length: number): void {
		if (length > this.#left) throw new TooLong("more XML than a string can hold");
	}

	#count(length: number): void {
		this.#ensure(length);
		this.#left -= length;
	}

	#isTaken(prefix: string): boolean {
		if (this.#prefixes === undefined) return false;
		for (const taken of this.#prefixes.values()) {
			if (taken === prefix) return true;
		}
		return false;
	}
}

/** Names stand at even places only; a value may look like a name. */
function isGivenBefore(attributes: readonly string[], key: string, before: number): boolean {
	for (let i = 0; i < before; i += 2) {
		if (attributes[i] === key) return true;
	}
	return false;
}

function checkAttributeName(name: string): void {
	if (name === "xmlns" || !isNcName(name)) throw invalidAttribute(name);
}

function invalidAttribute(name: string): TypeError {
	return new TypeError(`${JSON.stringify(name)} is no attribute name`);
}
