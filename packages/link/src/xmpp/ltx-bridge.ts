import type { Element } from "@antiphon/xml";
import type { LtxElement, LtxFactory } from "@xmpp/client";

/**
 * An element of ours as one of ltx, for xmpp.js to negotiate with. Every element bears its `xmlns`, so no prefix and no
 * parent is needed to know its namespace.
 *
 * @param create the `xml` of the package that will read it: each knows only its own class of elements
 * @param name how to name the element, when that matters: a stream header is `stream:stream`
 */
export function toLtx(element: Element, create: LtxFactory, name = element.name): LtxElement {
	const attrs: Record<string, string> = { xmlns: element.ns };
	const { attributes } = element;
	for (let i = 0; i < attributes.length; i += 2) {
		const key = attributes[i] as string;
		// What xmpp.js does not know, it need not see; `__proto__` would not arrive as an attribute anyway.
		if (!key.startsWith("{") && key !== "__proto__") attrs[key] = attributes[i + 1] as string;
	}
	return create(
		name,
		attrs,
		...element.children.map((child) => (typeof child === "string" ? child : toLtx(child, create))),
	);
}

/** A string whose characters are the bytes of the UTF-8 of `text`. xmpp.js takes its strings for bytes, and breaks on others. */
export function toBytes(text: string): string {
	return Buffer.from(text, "utf8").toString("latin1");
}

export function fromBytes(bytes: string): string {
	return Buffer.from(bytes, "latin1").toString("utf8");
}
