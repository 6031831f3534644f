import { type Element, xml } from "@antiphon/xml";
import { NS } from "../namespaces.js";
import { distinct, itemsOf } from "./items.js";
import { encodeLeaseRefs, type LeaseRef, leaseRefIn } from "./lease-ref.js";

/** The hint to whoever may still run calls that their leases are over. */
export function encodeLost(leases: readonly LeaseRef[]): Element {
	return xml("lost", NS.delivery, {}, ...encodeLeaseRefs(leases));
}

/** @throws BusError `invalid-argument` */
export function decodeLost(element: Element): LeaseRef[] {
	return distinct(
		itemsOf(element, "invalid-argument"),
		(item) => leaseRefIn(item, "invalid-argument"),
		"invalid-argument",
	);
}
