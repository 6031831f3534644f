import { type Element, xml } from "@antiphon/xml";
import { boundedNumber } from "../domain/attributes.js";
import { BusError } from "../errors.js";
import { MAX_EXPIRES_MS } from "../limits.js";
import { isQualifiedName } from "../names.js";
import { NS } from "../namespaces.js";
import { millis } from "./attributes.js";
import { type CallName, callNameIn } from "./call-id.js";
import { type Item, itemsOf, readEach } from "./items.js";

/** A call that its caller gives up. Answered with `<states/>`: what its outcome is now. */
export interface Cancellation extends CallName {
	/** `service.function`; left out by who knows of the call its id alone. */
	readonly fn?: string | undefined;
	/** Until when a copy of its submit may still come, in milliseconds from now. */
	readonly expiresMs: number;
}

export function encodeCancel(cancellations: readonly Cancellation[]): Element {
	const items = cancellations.map(({ id, fn, expiresMs }) =>
		xml("item", NS.delivery, { id, fn, expires: millis(expiresMs) }),
	);
	return xml("cancel", NS.delivery, {}, ...items);
}

/** @returns items that cannot be read with what is wrong with them. @throws BusError `invalid-argument` for the whole list */
export function decodeCancel(element: Element): Item<CallName, Cancellation>[] {
	return readEach(itemsOf(element, "invalid-argument"), nameOf, (item, name) => {
		const fn = item.attr("fn");
		if (fn !== undefined && !isQualifiedName(fn)) {
			throw new BusError("invalid-argument", "fn of <item/> must be service.function, such as dictionary.define");
		}
		return { ...name, fn, expiresMs: boundedNumber(item, "expires", 0, MAX_EXPIRES_MS) };
	});
}

const nameOf = (item: Element) => callNameIn(item, "invalid-argument");
