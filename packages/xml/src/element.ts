/** What an element holds: elements and text. Adjacent text is one string; there is no empty text. */
export type XmlNode = Element | string;

/** Attributes by name. `undefined` leaves the attribute out. */
export type AttributeValues = Readonly<Record<string, string | undefined>>;

/**
 * An immutable XML element with its namespace resolved (Namespaces in XML 1.0).
 *
 * Prefixes are not kept: `name` is the local name, `ns` the namespace. An attribute is known by its local name when it
 * has no namespace, as `xml:lang` when it is in the XML namespace, and as `{namespace}local` otherwise.
 *
 * Attributes live in a flat array, `[name, value, name, value, …]`. For the handful that a stanza has this is faster
 * than a Map or an object, and a name such as `__proto__` means nothing to it.
 */
export class Element {
	readonly name: string;
	readonly ns: string;
	readonly children: readonly XmlNode[];
	readonly #attributes: readonly string[];

	/** @param attributes flat: name, value, name, value. Names are distinct; the array is not copied. */
	constructor(name: string, ns: string, attributes: readonly string[], children: readonly XmlNode[]) {
		this.name = name;
		this.ns = ns;
		this.#attributes = attributes;
		this.children = children;
	}

	/** The attributes, flat: name, value, name, value. */
	get attributes(): readonly string[] {
		return this.#attributes;
	}

	/** The value of an attribute, `undefined` when it is absent. */
	attr(name: string): string | undefined {
		const attributes = this.#attributes;
		for (let i = 0; i < attributes.length; i += 2) {
			if (attributes[i] === name) return attributes[i + 1];
		}
		return undefined;
	}

	is(name: string, ns: string): boolean {
		return this.name === name && this.ns === ns;
	}

	/** The first child element of this name and namespace; either may be left open. */
	child(name?: string, ns?: string): Element | undefined {
		for (const node of this.children) {
			if (typeof node === "string") continue;
			if ((name === undefined || node.name === name) && (ns === undefined || node.ns === ns)) return node;
		}
		return undefined;
	}

	/** The child elements, without the text between them. */
	elements(name?: string, ns?: string): Element[] {
		return this.children.filter(
			(node): node is Element =>
				typeof node !== "string" && (name === undefined || node.name === name) && (ns === undefined || node.ns === ns),
		);
	}

	/** The text directly inside this element, concatenated. */
	text(): string {
		const [first, second] = this.children;
		if (first === undefined) return "";
		if (second === undefined) return typeof first === "string" ? first : "";
		return this.children.filter((node) => typeof node === "string").join("");
	}

	/** A copy with these attributes set, or left out where the value is `undefined`. Children are shared. */
	with(values: AttributeValues): Element {
		const attributes: string[] = [];
		for (let i = 0; i < this.#attributes.length; i += 2) {
			const name = this.#attributes[i] as string;
			if (!Object.hasOwn(values, name)) attributes.push(name, this.#attributes[i + 1] as string);
		}
		pushAttributes(attributes, values);
		return new Element(this.name, this.ns, attributes, this.children);
	}

	/** A copy with other children. Attributes are shared. */
	withChildren(...children: XmlNode[]): Element {
		return new Element(this.name, this.ns, this.#attributes, children);
	}
}

/**
 * Builds an element: `xml("ping", "urn:xmpp:ping")`, `xml("body", NS.client, {}, "hello")`.
 * Attributes and children that are `undefined` (and empty text) are left out.
 */
export function xml(
	name: string,
	ns: string,
	attributes: AttributeValues = {},
	...children: (XmlNode | undefined)[]
): Element {
	const flat: string[] = [];
	pushAttributes(flat, attributes);
	return new Element(
		name,
		ns,
		flat,
		children.filter((node): node is XmlNode => node !== undefined && node !== ""),
	);
}

function pushAttributes(flat: string[], values: AttributeValues): void {
	for (const name of Object.keys(values)) {
		const value = values[name];
		if (value !== undefined) flat.push(name, value);
	}
}
