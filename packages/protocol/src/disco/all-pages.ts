import type { Element } from "@antiphon/xml";
import { BusError } from "../errors.js";
import { decodePageEnd } from "./result-set.js";

/** Items of one list; above it `too-large`. */
const MAX_ITEMS = 100_000;
/** Pages of one list: whoever makes them may put one item on each. Above it `too-large`. */
const MAX_PAGES = 1_000;

export interface Page<Item> {
	readonly items: readonly Item[];
	/** What has the items in it, and the end of the page (XEP-0059). */
	readonly element: Element | undefined;
}

/**
 * A list that comes in pages, page by page (XEP-0059, section 2.2). Bounded, whatever the other side answers.
 * @param of whose list it is, for messages
 * @param ask for the page behind an item, and with the first behind none
 * @throws BusError `too-large`; `protocol` for pages that do not go on; and what `ask` throws
 */
export async function allPages<Item>(
	of: string,
	ask: (after: string | undefined, known: number) => Promise<Page<Item>>,
): Promise<Item[]> {
	const all: Item[] = [];
	let after: string | undefined;
	for (let pages = 1; ; pages++) {
		const { items, element } = await ask(after, all.length);
		for (const item of items) all.push(item);
		const end = element && decodePageEnd(element, items.length);
		if (end === undefined || end.isEnd) return all;
		if (end.last === after) throw new BusError("protocol", `${of} answers with the same page again and again`);
		if (all.length >= MAX_ITEMS) throw new BusError("too-large", `${of} has more than ${MAX_ITEMS} items`);
		if (pages >= MAX_PAGES) {
			throw new BusError("too-large", `${of} has more than ${all.length} items, in more than ${MAX_PAGES} pages`);
		}
		after = end.last;
	}
}
