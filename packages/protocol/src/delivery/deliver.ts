import { type Element, xml } from "@antiphon/xml";
import { type CallHead, decodeCallHead } from "../call/call.js";
import { boundedNumber } from "../domain/attributes.js";
import { decodeInstance } from "../domain/registration.js";
import { BusError } from "../errors.js";
import type { Jid } from "../jid.js";
import { MAX_TTL_MS } from "../limits.js";
import { NS } from "../namespaces.js";
import { decodeLeaseAnswers, encodeLeaseAnswers, type LeaseAnswer } from "./answers.js";
import { millis, optionalIdentifier, wordIn } from "./attributes.js";
import { type CallName, callNameIn } from "./call-id.js";
import { carriedIn } from "./carried.js";
import { type Item, itemsOf, MAX_NUMBER, readEach } from "./items.js";
import { type LeaseRef, leaseAttributes, leaseRefIn } from "./lease-ref.js";
import { type PullName, pullNameIn } from "./pull.js";
import { DURABLE_DELIVERIES, type DurableDelivery } from "./submission.js";

/** A call that a domain gives to an instance. */
export interface DeliveredCall extends LeaseRef, CallName {
	/** Of this delivery, within the pull: from 1. */
	readonly serial: number;
	/** Which run of the call it is, from 1. */
	readonly attempt: number;
	readonly delivery: DurableDelivery;
	/** Of a redriven call: the id of the call that it was at first, by which its handler knows it. */
	readonly origin?: string | undefined;
	/** `<call/>`, whose `ttl` is what this run may take and whose `for` is the bare JID of the caller. */
	readonly call: Element;
}

/** As the provider reads it. */
export interface ReadDelivery extends DeliveredCall {
	readonly head: CallHead & { readonly for: Jid };
}

/** What all calls of a stanza have in common. */
export interface DeliveryHead extends PullName {
	readonly instance: string;
	/** Every serial below is over: what comes with it is a copy. */
	readonly low: number;
	/** How long the leases last if they are not renewed, in milliseconds. */
	readonly leaseMs: number;
}

export interface Deliver extends DeliveryHead {
	readonly calls: readonly DeliveredCall[];
}

export interface ReadDeliver extends DeliveryHead {
	/** Those that cannot be read with what is wrong with them. */
	readonly calls: readonly Item<LeaseRef, ReadDelivery>[];
}

export function encodeDeliver({ instance, session, number, low, leaseMs, calls }: Deliver): Element {
	const items = calls.map(({ serial, id, attempt, delivery, origin, call, ...lease }) =>
		xml(
			"item",
			NS.delivery,
			{ serial: String(serial), ...leaseAttributes(lease), id, attempt: String(attempt), delivery, origin },
			call,
		),
	);
	const attributes = { instance, session, number: String(number), low: String(low), lease: millis(leaseMs) };
	return xml("deliver", NS.delivery, attributes, ...items);
}

/** @throws BusError `invalid-argument` for the whole list */
export function decodeDeliver(element: Element): ReadDeliver {
	return {
		instance: decodeInstance(element),
		...pullNameIn(element),
		low: boundedNumber(element, "low", 0, MAX_NUMBER),
		leaseMs: boundedNumber(element, "lease", 1, MAX_TTL_MS),
		calls: readEach(itemsOf(element, "invalid-argument"), leaseOf, (item, lease) => {
			const call = carriedIn(item, ["call"], "invalid-argument");
			return {
				...lease,
				...callNameIn(item, "invalid-argument"),
				serial: boundedNumber(item, "serial", 1, MAX_NUMBER),
				attempt: boundedNumber(item, "attempt", 1, MAX_NUMBER),
				delivery: wordIn(item, "delivery", DURABLE_DELIVERIES, "invalid-argument"),
				origin: optionalIdentifier(item, "origin", "invalid-argument"),
				call,
				head: headOf(call),
			};
		}),
	};
}

/** What was taken, and what was refused: with `conflict` of another session or number, with `overloaded` for now. */
export function encodeTaken(answers: readonly LeaseAnswer[]): Element {
	return encodeLeaseAnswers("taken", answers);
}

/** @throws BusError `protocol` */
export function decodeTaken(element: Element | undefined): LeaseAnswer[] {
	return decodeLeaseAnswers("taken", element);
}

const leaseOf = (item: Element) => leaseRefIn(item, "invalid-argument");

function headOf(call: Element): ReadDelivery["head"] {
	const head = decodeCallHead(call);
	if (head.for !== undefined) return { ...head, for: head.for };
	throw new BusError("invalid-argument", "for of <call/> must be the caller's bare JID");
}
