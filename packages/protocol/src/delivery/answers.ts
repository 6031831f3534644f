import { type Element, xml } from "@antiphon/xml";
import { decodeFaultAlone, encodeFaultAlone } from "../call/fault.js";
import type { BusError } from "../errors.js";
import { NS } from "../namespaces.js";
import { distinct, type Item, itemsOf, requireAnswer } from "./items.js";
import { type LeaseRef, leaseAttributes, leaseRefIn } from "./lease-ref.js";

/** What became of an item that is about a lease: done, or refused. */
export type LeaseAnswer = Item<LeaseRef, LeaseRef>;

/** The fault in an item of an answer: why it was refused. */
export function encodeRefusal(error: BusError | undefined): Element | undefined {
	return error && encodeFaultAlone(error, "json");
}

/** Never throws: a malformed one is the code `protocol`. */
export function refusalIn(item: Element): BusError | undefined {
	const fault = item.child("fault", NS.rpc);
	return fault && decodeFaultAlone(fault);
}

export function encodeLeaseAnswers(name: string, answers: readonly LeaseAnswer[]): Element {
	const items = answers.map((each) => xml("item", NS.delivery, leaseAttributes(each), encodeRefusal(each.error)));
	return xml(name, NS.delivery, {}, ...items);
}

/** @throws BusError `protocol` */
export function decodeLeaseAnswers(name: string, element: Element | undefined): LeaseAnswer[] {
	const items = itemsOf(requireAnswer(element, name), "protocol");
	const leases = distinct(items, (item) => leaseRefIn(item, "protocol"), "protocol");
	return items.map((item, i) => withRefusal(leases[i] as LeaseRef, item));
}

/** What an item is about, and why it was refused if it was. */
export function withRefusal<Name extends object>(name: Name, item: Element): Item<Name, Name> {
	const error = refusalIn(item);
	return error === undefined ? name : { ...name, error };
}
