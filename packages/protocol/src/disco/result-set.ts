import { type Element, xml } from "@antiphon/xml";
import { BusError } from "../errors.js";
import { NS } from "../namespaces.js";

/** What of a long list is asked for (XEP-0059). At most one of `after`, `before` and `index`. */
export interface PageRequest {
	/** 0 asks for the number of items alone. */
	readonly max?: number | undefined;
	/** The UID behind which the page begins. */
	readonly after?: string | undefined;
	/** The UID before which the page ends; empty: the end of the list. */
	readonly before?: string | undefined;
	/** The place at which the page begins, from 0. */
	readonly index?: number | undefined;
}

/** Where a page stands in its list. */
export interface PagePosition {
	/** UIDs of the first and last item of the page, and the place of the first. Absent for a page without items. */
	readonly range?: { readonly first: string; readonly last: string; readonly index: number } | undefined;
	/** Items in the whole list. */
	readonly count: number;
}

export interface PageBounds {
	readonly maxItems: number;
	readonly maxBytes: number;
}

/** What a page needs to know of an item. */
export interface PageItem {
	/** What tells it from the others. */
	readonly uid: string;
	/** What it takes in the stanza. */
	readonly bytes: number;
}

const DIGITS = /^\d{1,15}$/;

/**
 * The `<set/>` of a request.
 * @returns `undefined` where there is none: whoever asked may not know of pages
 * @throws BusError `invalid-argument`
 */
export function decodePageRequest(query: Element): PageRequest | undefined {
	const set = query.child("set", NS.resultSet);
	if (set === undefined) return undefined;
	const text = (name: string) => set.child(name, NS.resultSet)?.text();
	const request = {
		max: wholeNumber("max", text("max")),
		after: text("after"),
		before: text("before"),
		index: wholeNumber("index", text("index")),
	};
	if ([request.after, request.before, request.index].filter((each) => each !== undefined).length > 1) {
		throw new BusError("invalid-argument", "ask for a page by one of after, before and index");
	}
	return request;
}

export function encodePageRequest({ max, after }: Pick<PageRequest, "max" | "after">): Element {
	const text = (name: string, value: string | number | undefined) =>
		value === undefined ? undefined : xml(name, NS.resultSet, {}, String(value));
	return xml("set", NS.resultSet, {}, text("max", max), text("after", after));
}

export function encodePagePosition({ range, count }: PagePosition): Element {
	const text = (name: string, value: string, attributes = {}) => xml(name, NS.resultSet, attributes, value);
	return xml(
		"set",
		NS.resultSet,
		{},
		range === undefined ? undefined : text("first", range.first, { index: String(range.index) }),
		range === undefined ? undefined : text("last", range.last),
		text("count", String(count)),
	);
}

/** The `<last/>` of an answer, and whether its numbers say that more comes behind it. */
export function decodePageEnd(
	query: Element,
	items: number,
): { readonly last: string; readonly isEnd: boolean } | undefined {
	const set = query.child("set", NS.resultSet);
	const last = set?.child("last", NS.resultSet)?.text();
	if (last === undefined || items === 0) return undefined;
	const index = set?.child("first", NS.resultSet)?.attr("index") ?? "";
	const count = set?.child("count", NS.resultSet)?.text() ?? "";
	const isKnown = DIGITS.test(index) && DIGITS.test(count);
	return { last, isEnd: isKnown && Number(index) + items >= Number(count) };
}

/**
 * The page of a list that was asked for. A page has at least one item, if there is one and `max` allows it.
 * @param uids all of the list, sorted by UTF-16 code unit: an item that has gone since still has its place
 * @param itemAt makes an item of the page
 */
export function pageOf<Item extends PageItem>(
	uids: readonly string[],
	itemAt: (uid: string) => Item,
	{ max, after, before, index }: PageRequest,
	{ maxItems, maxBytes }: PageBounds,
): { readonly items: readonly Item[]; readonly position: PagePosition } {
	const count = uids.length;
	const room = Math.min(max ?? maxItems, maxItems);
	const isBackwards = before !== undefined;
	const start = after === undefined ? Math.min(index ?? 0, count) : placeOf(uids, after, true);
	const end = isBackwards && before !== "" ? placeOf(uids, before, false) : count;
	const items: Item[] = [];
	let bytes = 0;
	for (let place = isBackwards ? end - 1 : start; place >= 0 && place < count && items.length < room; ) {
		const item = itemAt(uids[place] as string);
		bytes += item.bytes;
		if (bytes > maxBytes && items.length > 0) break;
		items.push(item);
		place += isBackwards ? -1 : 1;
	}
	if (isBackwards) items.reverse();
	const [first, last] = [items[0]?.uid, items.at(-1)?.uid];
	if (first === undefined || last === undefined) return { items, position: { count } };
	return { items, position: { count, range: { first, last, index: isBackwards ? end - items.length : start } } };
}

/** How many stand before `uid`; with `including`, counting itself. */
function placeOf(uids: readonly string[], uid: string, including: boolean): number {
	let [low, high] = [0, uids.length];
	while (low < high) {
		const middle = (low + high) >>> 1;
		const at = uids[middle] as string;
		if (at < uid || (including && at === uid)) low = middle + 1;
		else high = middle;
	}
	return low;
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
	if (text === undefined) return undefined;
	if (DIGITS.test(text.trim())) return Number(text);
	throw new BusError("invalid-argument", `<${name}/> must be a whole number of at most 15 digits`);
}
