import { type Element, xml } from "@antiphon/xml";
import { encodeRefusal, refusalIn } from "../delivery/answers.js";
import { identifierIn } from "../delivery/attributes.js";
import { distinct, type Item, type ListCode, MAX_ITEMS, MAX_NUMBER } from "../delivery/items.js";
import { boundedNumber } from "../domain/attributes.js";
import { BusError } from "../errors.js";
import { NS } from "../namespaces.js";

/** What an administrator has done with calls, and the name of the answer. */
export const ORDERS = {
	/** Settles them as cancelled. */
	cancel: "cancelled",
	/** Those that wait for their back-off are tried again now. */
	retry: "retried",
	/** Dead letters become new calls. */
	redrive: "redriven",
	/** Dead letters are off the list. */
	purge: "purged",
} as const;
export type Order = keyof typeof ORDERS;

/** A call by its number. */
export interface CallNumber {
	readonly n: number;
}

/** What was done with a call. */
export interface Ordered extends CallNumber {
	/** Of a redriven one: the call that it has become. */
	readonly again?: { readonly n: number; readonly id: string } | undefined;
}

/** @param numbers 1 to 64 calls */
export function encodeOrder(order: Order, numbers: readonly number[]): Element {
	return xml(order, NS.queue, {}, ...numbers.map((n) => xml("item", NS.queue, { n: String(n) })));
}

/** @throws BusError `invalid-argument` */
export function decodeOrder(element: Element): number[] {
	return namesIn(element, "invalid-argument").map(({ n }) => n);
}

export function encodeOrdered(order: Order, answers: readonly Item<CallNumber, Ordered>[]): Element {
	const items = answers.map((each) => {
		const again = each.error === undefined ? each.again : undefined;
		const attributes = { n: String(each.n), as: again && String(again.n), id: again?.id };
		return xml("item", NS.queue, attributes, encodeRefusal(each.error));
	});
	return xml(ORDERS[order], NS.queue, {}, ...items);
}

/** @throws BusError `protocol` */
export function decodeOrdered(order: Order, element: Element | undefined): Item<CallNumber, Ordered>[] {
	const name = ORDERS[order];
	if (!element?.is(name, NS.queue)) throw new BusError("protocol", `the answer is no <${name}/>`);
	const names = namesIn(element, "protocol");
	return element.elements("item", NS.queue).map((item, i) => {
		const { n } = names[i] as CallNumber;
		const error = refusalIn(item);
		if (error !== undefined) return { n, error };
		if (item.attr("as") === undefined) return { n };
		return {
			n,
			again: { n: boundedNumber(item, "as", 1, MAX_NUMBER, "protocol"), id: identifierIn(item, "id", "protocol") },
		};
	});
}

function namesIn(list: Element, code: ListCode): CallNumber[] {
	const items = list.elements("item", NS.queue);
	if (items.length < 1 || items.length > MAX_ITEMS) {
		throw new BusError(code, `<${list.name}/> must have 1 to ${MAX_ITEMS} <item/>, and has ${items.length}`);
	}
	return distinct(items, (item) => ({ n: boundedNumber(item, "n", 1, MAX_NUMBER, code) }), code);
}
