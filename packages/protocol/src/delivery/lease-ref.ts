import { type AttributeValues, type Element, xml } from "@antiphon/xml";
import { boundedNumber } from "../domain/attributes.js";
import { NS } from "../namespaces.js";
import { type ListCode, MAX_NUMBER } from "./items.js";

/** One lease of a call, as domain and provider name it. */
export interface LeaseRef {
	/** The domain's number of the call. */
	readonly n: number;
	/** Grows with each lease of the call; an older one is worth nothing. */
	readonly token: number;
}

/** @throws BusError */
export function leaseRefIn(item: Element, code: ListCode): LeaseRef {
	return { n: boundedNumber(item, "n", 0, MAX_NUMBER, code), token: boundedNumber(item, "token", 1, MAX_NUMBER, code) };
}

/** The attributes of an item that is about a lease. */
export function leaseAttributes({ n, token }: LeaseRef): AttributeValues {
	return { n: String(n), token: String(token) };
}

export function encodeLeaseRefs(leases: readonly LeaseRef[], name = "item"): Element[] {
	return leases.map((lease) => xml(name, NS.delivery, leaseAttributes(lease)));
}
