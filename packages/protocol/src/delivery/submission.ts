import { type Element, xml } from "@antiphon/xml";
import { type CallHead, decodeCallHead } from "../call/call.js";
import { boundedNumber } from "../domain/attributes.js";
import { BusError } from "../errors.js";
import { legible } from "../legible.js";
import { MAX_ATTEMPTS, MAX_EXPIRES_MS, MAX_TTL_MS } from "../limits.js";
import { NS } from "../namespaces.js";
import { encodeRefusal, withRefusal } from "./answers.js";
import { flagIn, millis, optionalNumber, wordIn } from "./attributes.js";
import { type CallName, callNameIn } from "./call-id.js";
import { carriedIn } from "./carried.js";
import { distinct, type Item, itemsOf, MAX_NUMBER, type Refused, readEach, requireAnswer } from "./items.js";

export const DURABLE_DELIVERIES = ["at-least-once", "effectively-once"] as const;

/** What a durable call is promised. */
export type DurableDelivery = (typeof DURABLE_DELIVERIES)[number];

/** A call that its caller hands to the queue of a domain (docs/protocol.md, "Durable calls"). Times are durations. */
export interface SubmittedCall extends CallName {
	readonly delivery: DurableDelivery;
	/** Given up after, in milliseconds from now. */
	readonly expiresMs: number;
	/** Not begun before, in milliseconds from now. */
	readonly afterMs: number;
	/** Calls of one sender to one function with the same key run one after the other. */
	readonly orderKey: string | undefined;
	/** Whether the caller wants to be told of the outcome, at the full JID that submits. */
	readonly notify: boolean;
	/** Fewer attempts than the contract has. */
	readonly attempts: number | undefined;
	/** Longer pauses between them than the contract has. */
	readonly backoffMs: number | undefined;
	readonly maxBackoffMs: number | undefined;
	/** `<call/>`, whose `ttl` is what one run may take. */
	readonly call: Element;
}

/** As the domain reads it. */
export interface ReadSubmission extends SubmittedCall {
	readonly head: CallHead;
}

/** `accepted`: it is on disk. `known`: it was there, with the same input. */
export type AcceptedItem =
	| (CallName & { readonly state: "accepted" | "known"; readonly error?: undefined })
	| Refused<CallName>;

/** What a domain answers. */
export interface Acceptance {
	/** For how long an outcome is kept at least, in milliseconds. */
	readonly keepMs: number;
	readonly items: readonly AcceptedItem[];
}

const MAX_ORDER_KEY_CHARS = 128;

/** @throws BusError `invalid-argument` for an order key that cannot be carried */
export function encodeSubmit(calls: readonly SubmittedCall[]): Element {
	const items = calls.map(({ id, delivery, expiresMs, afterMs, orderKey, notify, call, ...retry }) =>
		xml(
			"item",
			NS.delivery,
			{
				id,
				delivery,
				expires: millis(expiresMs),
				after: afterMs > 0 ? millis(afterMs) : undefined,
				order: checkOrderKey(orderKey),
				notify: notify ? "true" : undefined,
				attempts: retry.attempts === undefined ? undefined : String(retry.attempts),
				backoff: millis(retry.backoffMs),
				"max-backoff": millis(retry.maxBackoffMs),
			},
			call,
		),
	);
	return xml("submit", NS.delivery, {}, ...items);
}

/** @returns items that cannot be read with what is wrong with them. @throws BusError `invalid-argument` for the whole list */
export function decodeSubmit(element: Element): Item<CallName, ReadSubmission>[] {
	return readEach(itemsOf(element, "invalid-argument"), nameOf, (item, name) => {
		const expiresMs = boundedNumber(item, "expires", 1, MAX_EXPIRES_MS);
		const afterMs = optionalNumber(item, "after", 0, MAX_EXPIRES_MS, "invalid-argument") ?? 0;
		if (afterMs >= expiresMs) {
			throw new BusError("invalid-argument", "after of <item/> must be less than expires: it would never run");
		}
		const call = carriedIn(item, ["call"], "invalid-argument");
		return {
			...name,
			delivery: wordIn(item, "delivery", DURABLE_DELIVERIES, "invalid-argument"),
			expiresMs,
			afterMs,
			orderKey: checkOrderKey(item.attr("order")),
			notify: flagIn(item, "notify", "invalid-argument"),
			attempts: optionalNumber(item, "attempts", 1, MAX_ATTEMPTS, "invalid-argument"),
			backoffMs: optionalNumber(item, "backoff", 1, MAX_TTL_MS, "invalid-argument"),
			maxBackoffMs: optionalNumber(item, "max-backoff", 1, MAX_TTL_MS, "invalid-argument"),
			call,
			head: headOf(call),
		};
	});
}

export function encodeAccepted({ keepMs, items }: Acceptance): Element {
	const lines = items.map((item) => {
		const state = item.error === undefined && item.state === "known" ? "known" : undefined;
		return xml("item", NS.delivery, { id: item.id, state }, encodeRefusal(item.error));
	});
	return xml("accepted", NS.delivery, { keep: millis(keepMs) }, ...lines);
}

/** @throws BusError `protocol` */
export function decodeAccepted(element: Element | undefined): Acceptance {
	const answer = requireAnswer(element, "accepted");
	const lines = itemsOf(answer, "protocol");
	const names = distinct(lines, (item) => callNameIn(item, "protocol"), "protocol");
	const items = lines.map((line, i): AcceptedItem => {
		const told = withRefusal(names[i] as CallName, line);
		if (told.error !== undefined) return told;
		return {
			...told,
			state: line.attr("state") === undefined ? "accepted" : wordIn(line, "state", ["known"], "protocol"),
		};
	});
	return { keepMs: boundedNumber(answer, "keep", 0, MAX_NUMBER, "protocol"), items };
}

const nameOf = (item: Element) => callNameIn(item, "invalid-argument");

function headOf(call: Element): CallHead {
	const head = decodeCallHead(call);
	if (head.for !== undefined) {
		throw new BusError("forbidden", "for of <call/> must be left out: a submit is made for its sender alone");
	}
	if (head.ttlMs === 0)
		throw new BusError("invalid-argument", "ttl of <call/> must be at least 1: it is what one run may take");
	return head;
}

function checkOrderKey(key: string | undefined): string | undefined {
	if (key === undefined || (key !== "" && legible(key, MAX_ORDER_KEY_CHARS) === key)) return key;
	throw new BusError(
		"invalid-argument",
		`order must be 1 to ${MAX_ORDER_KEY_CHARS} characters that XML can carry, or be left out`,
	);
}
