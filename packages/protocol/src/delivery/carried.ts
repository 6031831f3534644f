import { Element } from "@antiphon/xml";
import { parseEncoding } from "../call/payload/payload.js";
import { BusError } from "../errors.js";
import { NS } from "../namespaces.js";
import type { ListCode } from "./items.js";

/**
 * The one call, reply or fault in an item, as it is kept and passed on: not looked into, but text alone, and without attributes
 * of other namespaces, which may be very much longer when they are written than they were when they came.
 * @param names of which one must be there
 * @throws BusError
 */
export function carriedIn(item: Element, names: readonly string[], code: ListCode): Element {
	const found = item.elements(undefined, NS.rpc).filter(({ name }) => names.includes(name));
	const [element] = found;
	if (element === undefined || found.length > 1) {
		throw new BusError(code, `<item/> must have one ${names.map((name) => `<${name}/>`).join(" or ")}`);
	}
	if (element.children.some((child) => typeof child !== "string")) {
		throw new BusError(code, `<${element.name}/> must hold text only`);
	}
	const { attributes } = element;
	const kept = attributes.filter((_, i) => !attributes[i - (i % 2)]?.startsWith("{"));
	return kept.length === attributes.length ? element : new Element(element.name, element.ns, kept, element.children);
}

/** @throws BusError when there is no encoding, or one that is not known */
export function requireEncoding(element: Element, code: ListCode): void {
	try {
		parseEncoding(element.attr("enc"));
	} catch (cause) {
		throw new BusError(code, `<${element.name}/>: ${BusError.from(cause).message}`, { cause });
	}
}
