import type { Element } from "@antiphon/xml";
import { BusError, type BusErrorCode } from "../errors.js";
import { NS } from "../namespaces.js";

/** Items in one list. */
export const MAX_ITEMS = 64;

/** What whoever sends a list of calls or outcomes fills it up to, in bytes of XML. A larger one travels alone. */
export const MAX_BATCH_BYTES = 32 * 1024;

/** Of calls, tokens, serials and the numbers of a session. */
export const MAX_NUMBER = 999_999_999_999_999;

/** How a list that cannot be read is refused: a request is answered with that, an answer is nobody's who speaks this. */
export type ListCode = Extract<BusErrorCode, "invalid-argument" | "protocol">;

/** An item that was named and is refused, or cannot be read: its neighbours are not touched. */
export type Refused<Name> = Name & { readonly error: BusError };

/** An item, or its name and what is wrong with it. */
export type Item<Name, T extends Name> = (T & { readonly error?: undefined }) | Refused<Name>;

/** The items of a list. @throws BusError when there are too few or too many */
export function itemsOf(list: Element, code: ListCode, min = 1, max = MAX_ITEMS): Element[] {
	const items = list.elements("item", NS.delivery);
	if (items.length >= min && items.length <= max) return items;
	throw new BusError(code, `<${list.name}/> must have ${min} to ${max} <item/>, and has ${items.length}`);
}

/**
 * Reads a list whose items are answered one by one. Each is known by its name, so an item without one makes the whole list
 * unreadable, and so does one that comes twice; what else is wrong with an item is its own matter.
 */
export function readEach<Name extends object, T extends Name>(
	items: readonly Element[],
	nameOf: (item: Element) => Name,
	read: (item: Element, name: Name) => T,
): Item<Name, T>[] {
	const names = distinct(items, nameOf, "invalid-argument");
	return items.map((item, i) => {
		const name = names[i] as Name;
		try {
			return read(item, name);
		} catch (error) {
			return { ...name, error: BusError.from(error) };
		}
	});
}

/** The names of the items. @throws BusError when one has none, or comes twice */
export function distinct<Name extends object>(
	items: readonly Element[],
	nameOf: (item: Element) => Name,
	code: ListCode,
): Name[] {
	const names = items.map(nameOf);
	const seen = new Set(names.map((name) => Object.values(name).join(" ")));
	if (seen.size === names.length) return names;
	throw new BusError(code, "an <item/> is there twice: name each once");
}

/** The answer to a request. @throws BusError `protocol` when it is something else */
export function requireAnswer(element: Element | undefined, name: string): Element {
	if (element?.is(name, NS.delivery)) return element;
	throw new BusError("protocol", `the answer is no <${name}/>`);
}
