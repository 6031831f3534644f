import { type Element, parseElement, serialize, xml } from "@antiphon/xml";

/** A value of a vector: JSON, in which an object with the one key `$bytes` stands for bytes, in base64. */
export function fromVector(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(fromVector);
	if (typeof value !== "object" || value === null) return value;
	const [[key, inner] = [], ...others] = Object.entries(value);
	if (key === "$bytes" && others.length === 0) return new Uint8Array(Buffer.from(String(inner), "base64"));
	return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, fromVector(child)]));
}

/** XML in one spelling, through serializer and parser, so that two can be compared as text. */
export function normalXml(element: Element): string {
	return serialize(sorted(parseElement(serialize(element, ""))), "");
}

function sorted(element: Element): Element {
	const pairs: [string, string][] = [];
	for (let i = 0; i < element.attributes.length; i += 2) {
		pairs.push([element.attributes[i] as string, element.attributes[i + 1] as string]);
	}
	pairs.sort(([a], [b]) => (a < b ? -1 : 1));
	const children = element.children.map((child) => (typeof child === "string" ? child : sorted(child)));
	return xml(element.name, element.ns, Object.fromEntries(pairs), ...children);
}
