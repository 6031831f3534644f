import { type Element, xml } from "@antiphon/xml";
import { MAX_TTL_MS } from "../limits.js";
import { NS } from "../namespaces.js";
import { millis, optionalNumber, wordIn } from "./attributes.js";
import { distinct, itemsOf, requireAnswer } from "./items.js";
import { type LeaseRef, leaseAttributes, leaseRefIn } from "./lease-ref.js";

/** A call that an instance hands back. */
export interface ReleasedLease extends LeaseRef {
	/** `no`: it has not run. `unknown`: the process that ran it has died. */
	readonly executed: "no" | "unknown";
	/** Of what has not run: for how long nobody should get it, in milliseconds. */
	readonly afterMs?: number | undefined;
}

export interface Release {
	/** For how long the instance wants none, in milliseconds. */
	readonly retryAfterMs: number | undefined;
	readonly leases: readonly ReleasedLease[];
}

export function encodeRelease({ retryAfterMs, leases }: Release): Element {
	const items = leases.map(({ executed, afterMs, ...lease }) =>
		xml("item", NS.delivery, { ...leaseAttributes(lease), executed, after: millis(afterMs) }),
	);
	return xml("release", NS.delivery, { "retry-after": millis(retryAfterMs) }, ...items);
}

/** @throws BusError `invalid-argument` */
export function decodeRelease(element: Element): Release {
	const items = itemsOf(element, "invalid-argument");
	const leases = distinct(items, (item) => leaseRefIn(item, "invalid-argument"), "invalid-argument");
	return {
		retryAfterMs: optionalNumber(element, "retry-after", 0, MAX_TTL_MS, "invalid-argument"),
		leases: items.map((item, i) => ({
			...(leases[i] as LeaseRef),
			executed: wordIn(item, "executed", ["no", "unknown"], "invalid-argument"),
			afterMs: optionalNumber(item, "after", 0, MAX_TTL_MS, "invalid-argument"),
		})),
	};
}

/** All of them are the domain's again, or were not the instance's. */
export function encodeReleased(): Element {
	return xml("released", NS.delivery);
}

/** @throws BusError `protocol` */
export function decodeReleased(element: Element | undefined): void {
	requireAnswer(element, "released");
}
