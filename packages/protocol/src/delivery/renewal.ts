import { type Element, xml } from "@antiphon/xml";
import { boundedNumber } from "../domain/attributes.js";
import { decodeInstanceName, type InstanceName } from "../domain/registration.js";
import { BusError } from "../errors.js";
import { MAX_TTL_MS } from "../limits.js";
import { NS } from "../namespaces.js";
import { millis, wordIn } from "./attributes.js";
import { distinct, itemsOf, MAX_ITEMS, requireAnswer } from "./items.js";
import { encodeLeaseRefs, type LeaseRef, leaseRefIn } from "./lease-ref.js";

/** Leases that an instance still has. None is a question, too: whether its pull is known. */
export interface LeaseRenewal extends InstanceName {
	readonly leases: readonly LeaseRef[];
}

/** What a domain answers. */
export interface RenewedLeases {
	/** How long they last from now if they are not renewed again, in milliseconds. */
	readonly leaseMs: number;
	/** `false`: the domain knows of no pull of the instance, which should pull again with a higher number. */
	readonly isPulling: boolean;
	/** Those that are not its own any more. */
	readonly lost: readonly LeaseRef[];
}

export function encodeLeaseRenewal({ service, instance, leases }: LeaseRenewal): Element {
	return xml("renew", NS.delivery, { service, instance }, ...encodeLeaseRefs(leases));
}

/** @throws BusError `invalid-argument` */
export function decodeLeaseRenewal(element: Element): LeaseRenewal {
	const items = itemsOf(element, "invalid-argument", 0);
	const leases = distinct(items, (item) => leaseRefIn(item, "invalid-argument"), "invalid-argument");
	return { ...decodeInstanceName(element), leases };
}

export function encodeRenewedLeases({ leaseMs, isPulling, lost }: RenewedLeases): Element {
	const attributes = { lease: millis(leaseMs), pulling: String(isPulling) };
	return xml("renewed", NS.delivery, attributes, ...encodeLeaseRefs(lost, "lost"));
}

/** @throws BusError `protocol` */
export function decodeRenewedLeases(element: Element | undefined): RenewedLeases {
	const answer = requireAnswer(element, "renewed");
	const lost = answer.elements("lost", NS.delivery);
	if (lost.length > MAX_ITEMS) throw new BusError("protocol", `<renewed/> has more than ${MAX_ITEMS} <lost/>`);
	return {
		leaseMs: boundedNumber(answer, "lease", 1, MAX_TTL_MS, "protocol"),
		isPulling: wordIn(answer, "pulling", ["true", "false"], "protocol") === "true",
		lost: distinct(lost, (item) => leaseRefIn(item, "protocol"), "protocol"),
	};
}
