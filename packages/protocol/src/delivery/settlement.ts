import { type Element, xml } from "@antiphon/xml";
import { CALLERS_OWN } from "../call/fault.js";
import { NS } from "../namespaces.js";
import { decodeLeaseAnswers, encodeLeaseAnswers, type LeaseAnswer } from "./answers.js";
import { type Item, itemsOf, readEach } from "./items.js";
import { type LeaseRef, leaseAttributes, leaseRefIn } from "./lease-ref.js";
import { type Outcome, outcomeIn } from "./outcome.js";

/** What came of a run, as its provider reports it. */
export interface Settlement extends LeaseRef {
	readonly outcome: Outcome;
}

export function encodeSettle(settlements: readonly Settlement[]): Element {
	const items = settlements.map(({ outcome, ...lease }) =>
		xml("item", NS.delivery, leaseAttributes(lease), outcome.element),
	);
	return xml("settle", NS.delivery, {}, ...items);
}

/** @returns items that cannot be read with what is wrong with them. @throws BusError `invalid-argument` for the whole list */
export function decodeSettle(element: Element): Item<LeaseRef, Settlement>[] {
	return readEach(itemsOf(element, "invalid-argument"), leaseOf, (item, lease) => ({
		...lease,
		outcome: outcomeIn(item, "invalid-argument", CALLERS_OWN),
	}));
}

/** What is on disk, and what was refused: with `conflict` where the token is not the last one. */
export function encodeRecorded(answers: readonly LeaseAnswer[]): Element {
	return encodeLeaseAnswers("recorded", answers);
}

/** @throws BusError `protocol` */
export function decodeRecorded(element: Element | undefined): LeaseAnswer[] {
	return decodeLeaseAnswers("recorded", element);
}

const leaseOf = (item: Element) => leaseRefIn(item, "invalid-argument");
