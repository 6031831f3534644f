import { NS } from "@antiphon/protocol";
import { type Element, escapeAttribute, parseElement, serializeWithin } from "@antiphon/xml";
import type { ServerLimits } from "../limits.js";
import type { Writing } from "./send-queue.js";

/** What the addresses that the server stamps may add to the size that the sender of a stanza may send. */
export const ADDRESS_BYTES = 1024;

/** The attributes that the server stamps: from and to. A peer may send as many fewer than may be written. */
export const ADDRESS_ATTRIBUTES = 2;

/** The longest prefix that is made for an attribute of a namespace, such as `ns61:`. */
const PREFIX_BYTES = 5;

interface Head {
	readonly name: string;
	readonly type: string | undefined;
	readonly limits: ServerLimits;
	readonly maxBytes: number;
}

/**
 * A stanza on its way, and how it goes on the wire. It is written out at most once, however many receive it, and not
 * before somebody has room for it.
 *
 * A stanza can be larger written than it was read: prefixes, for one, become namespaces in full. A peer must not get what
 * the server itself would not take, so what is larger than the limits is not written: it is refused to its sender.
 */
export class WireStanza {
	readonly #head: Head;
	/** A function where only the text is kept. */
	#element: Element | (() => Element);
	#writing: Writing | "too-large" | undefined;

	/** @param maxStanzaBytes what its sender may send; its receiver, where the server composed it */
	static of(element: Element, limits: ServerLimits, maxStanzaBytes: number): WireStanza {
		const { name } = element;
		const type = element.attr("type");
		// An error is neither kept nor sent to many.
		const spreads = name === "presence" && type !== "error";
		const most = spreads ? Math.min(limits.maxPresenceBytes, maxStanzaBytes) : maxStanzaBytes;
		return new WireStanza({ name, type, limits, maxBytes: most + ADDRESS_BYTES }, element);
	}

	/** A stanza without children, as `of`, and within it what is written already: one element in the namespace `jabber:client`. */
	static around(empty: Element, limits: ServerLimits, maxStanzaBytes: number, content: Writing): WireStanza {
		const outside = WireStanza.of(empty, limits, maxStanzaBytes);
		const head = outside.#head;
		const tag = outside.writing?.text;
		const end = `</${empty.name}>`;
		const text = tag === undefined ? "" : `${tag.slice(0, -"/>".length)}>${content.text}${end}`;
		const bytes = Buffer.byteLength(tag ?? "") - "/".length + content.bytes + end.length;
		if (text === "" || bytes > head.maxBytes) return new WireStanza(head, empty, "too-large");
		return new WireStanza(head, () => readStanza(text, limits), { text, bytes });
	}

	private constructor(head: Head, element: Element | (() => Element), writing?: Writing | "too-large") {
		this.#head = head;
		this.#element = element;
		this.#writing = writing;
	}

	get name(): string {
		return this.#head.name;
	}

	get type(): string | undefined {
		return this.#head.type;
	}

	get element(): Element {
		if (typeof this.#element === "function") this.#element = this.#element();
		return this.#element;
	}

	/** `undefined` when it is larger than may be written. */
	get writing(): Writing | undefined {
		this.#writing ??= this.#write();
		return this.#writing === "too-large" ? undefined : this.#writing;
	}

	/** The same for another receiver, not written again. Of one that has no `to` yet. */
	to(address: string): WireStanza {
		const element = this.#element;
		const addressed = () => (typeof element === "function" ? element() : element).with({ to: address });
		const { writing } = this;
		if (writing === undefined) return new WireStanza(this.#head, addressed, "too-large");
		const to = ` to='${escapeAttribute(address)}'`;
		const at = 1 + this.name.length;
		const text = writing.text.slice(0, at) + to + writing.text.slice(at);
		return new WireStanza(this.#head, addressed, { text, bytes: writing.bytes + Buffer.byteLength(to) });
	}

	/** The same as text only, for keeping: a tree takes many times the memory. @throws RangeError for one that is too large */
	kept(): WireStanza {
		const { writing } = this;
		if (writing === undefined) throw new RangeError("what is too large to be written is not to be kept");
		// By way of bytes, one flat string: what was written is a rope of all its pieces.
		const text = Buffer.from(writing.text).toString();
		const { limits } = this.#head;
		return new WireStanza(this.#head, () => readStanza(text, limits), { text, bytes: writing.bytes });
	}

	#write(): Writing | "too-large" {
		const { limits, maxBytes } = this.#head;
		const { element } = this;
		const text = serializeWithin(maxBytes, element, NS.client);
		if (text === undefined) return "too-large";
		const bytes = Buffer.byteLength(text);
		// Only now: to look at an attribute's name is to copy its namespace, and now these are known to be short together.
		const shapely = isShapely(element, limits, element.attr("to") === undefined ? 1 : 0);
		return bytes <= maxBytes && shapely ? { text, bytes } : "too-large";
	}
}

/** Whether all elements, as they are written, keep to the limits on attributes and names. */
function isShapely(element: Element, limits: ServerLimits, more: number): boolean {
	const { attributes } = element;
	let written = attributes.length / 2 + more;
	for (let i = 0; i < attributes.length; i += 2) {
		const name = attributes[i] as string;
		if (!name.startsWith("{")) continue;
		// Its namespace is declared in the same tag.
		written++;
		if (Buffer.byteLength(name.slice(name.lastIndexOf("}") + 1)) + PREFIX_BYTES > limits.maxNameBytes) return false;
	}
	if (written > limits.maxAttributes) return false;
	for (const child of element.children) {
		if (typeof child !== "string" && !isShapely(child, limits, child.ns === element.ns ? 0 : 1)) return false;
	}
	return true;
}

/** Reads what {@link WireStanza} wrote. */
function readStanza(text: string, limits: ServerLimits): Element {
	const { maxAttributes, maxNameBytes, maxChildren } = limits;
	const wrapped = `<stream xmlns='${NS.client}'>${text}</stream>`;
	const bounds = { maxStanzaBytes: Buffer.byteLength(wrapped), maxDepth: limits.maxDepth + 1 };
	return parseElement(wrapped, { ...bounds, maxAttributes, maxNameBytes, maxChildren }).children[0] as Element;
}
