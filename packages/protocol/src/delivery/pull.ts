import { type Element, xml } from "@antiphon/xml";
import { boundedNumber } from "../domain/attributes.js";
import { decodeInstanceName, type InstanceName } from "../domain/registration.js";
import { MAX_TTL_MS } from "../limits.js";
import { NS } from "../namespaces.js";
import { identifierIn, millis, wordIn } from "./attributes.js";
import { distinct, itemsOf, MAX_NUMBER, requireAnswer } from "./items.js";
import { encodeLeaseRefs, type LeaseRef, leaseRefIn } from "./lease-ref.js";

/** Where an instance keeps what it has taken: `durable` outlives its process. */
export const INBOX_KINDS = ["durable", "memory"] as const;
export type InboxKind = (typeof INBOX_KINDS)[number];

/** A session of an instance, and how often it has pulled in it: deliveries carry both, and it refuses those of before. */
export interface PullName {
	/** Random, of this process. */
	readonly session: string;
	/** Grows with each pull. */
	readonly number: number;
}

/** What an instance asks its domain for: work. */
export interface Pull extends InstanceName, PullName {
	/** How many unfinished calls it takes in all; 0: none, it drains. */
	readonly credit: number;
	readonly inbox: InboxKind;
	/** All that it holds. What is not named is not there, and will not come to be. */
	readonly held: readonly LeaseRef[];
}

export const MAX_CREDIT = 1000;

/** Leases in one pull, which has to name all that are held. */
export const MAX_HELD = 1024;

export function encodePull({ service, instance, credit, session, number, inbox, held }: Pull): Element {
	const attributes = { service, instance, credit: String(credit), session, number: String(number), inbox };
	return xml("pull", NS.delivery, attributes, ...encodeLeaseRefs(held));
}

/** @throws BusError `invalid-argument` */
export function decodePull(element: Element): Pull {
	const held = itemsOf(element, "invalid-argument", 0, MAX_HELD);
	return {
		...decodeInstanceName(element),
		credit: boundedNumber(element, "credit", 0, MAX_CREDIT),
		...pullNameIn(element),
		inbox: wordIn(element, "inbox", INBOX_KINDS, "invalid-argument"),
		held: distinct(held, (item) => leaseRefIn(item, "invalid-argument"), "invalid-argument"),
	};
}

/** @throws BusError `invalid-argument` */
export function pullNameIn(element: Element): PullName {
	return {
		session: identifierIn(element, "session", "invalid-argument"),
		number: boundedNumber(element, "number", 1, MAX_NUMBER),
	};
}

/** @param leaseMs how long a lease lasts that is not renewed */
export function encodePulling(leaseMs: number): Element {
	return xml("pulling", NS.delivery, { lease: millis(leaseMs) });
}

/** @returns how long a lease lasts that is not renewed, in milliseconds. @throws BusError `protocol` */
export function decodePulling(element: Element | undefined): number {
	return boundedNumber(requireAnswer(element, "pulling"), "lease", 1, MAX_TTL_MS, "protocol");
}

/** The hint that the domain knows of no pull of the instance: it should pull again, with a higher number. */
export function encodePullAgain({ service, instance }: InstanceName): Element {
	return xml("pull-again", NS.delivery, { service, instance });
}

/** @throws BusError `invalid-argument` */
export function decodePullAgain(element: Element): InstanceName {
	return decodeInstanceName(element);
}
