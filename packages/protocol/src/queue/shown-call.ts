import { type Element, xml } from "@antiphon/xml";
import { identifierIn, millis, optionalNumber } from "../delivery/attributes.js";
import { MAX_NUMBER } from "../delivery/items.js";
import { boundedNumber } from "../domain/attributes.js";
import { cutMessage } from "../domain/error-line.js";
import { decodeInstance } from "../domain/registration.js";
import { BusError } from "../errors.js";
import { MAX_ATTEMPTS } from "../limits.js";
import { NS } from "../namespaces.js";
import { bareJid, callAttributes, callFrom, type ListedCall } from "./listed-call.js";

/** A durable call, by its number in the domain, or as its sender names it. */
export type CallKey =
	| { readonly n: number; readonly sender?: undefined; readonly id?: undefined }
	| { readonly n?: undefined; readonly sender: string; readonly id: string };

/** A lease of a call, and what became of it. */
export interface ShownLease {
	readonly instance: string;
	/** Full JID of its node. */
	readonly jid: string;
	/** Milliseconds between the acceptance of the call and the lease. */
	readonly atMs: number;
	/** How long it lasted; `undefined`: it does still. */
	readonly tookMs: number | undefined;
	/**
	 * How it ended. `reply`, or the code of an error: that was reported; `back`: handed back without a run; `untaken`: nobody said
	 * that it had arrived; `over`: nothing was heard for the time of a lease; `died`: its process has ended.
	 */
	readonly how: string | undefined;
	/** What the error said with which it ended. */
	readonly message: string | undefined;
}

/** A durable call with what has become of it so far. */
export interface ShownCall extends ListedCall {
	/** Calls of one sender to one function with the same order key run one after the other. */
	readonly orderKey: string | undefined;
	/** After how many runs it is given up; `undefined`: there will be none. */
	readonly maxAttempts: number | undefined;
	/** The newest, in order: at most 16. */
	readonly leases: readonly ShownLease[];
	/** What the error says in which it ended. */
	readonly message: string | undefined;
	/** Of a redriven call: the dead letter that it was made of, and the id by which handlers know it: that of the first of its line. */
	readonly redriveOf: { readonly n: number; readonly origin: string } | undefined;
	/** Of a dead letter that was redriven: what it has become, and how long ago. */
	readonly redriven: { readonly n: number; readonly id: string; readonly agoMs: number } | undefined;
}

const MAX_LEASES = 16;
const HOW = /^[a-z-]{1,32}$/;

export function encodeCallRequest({ n, sender, id }: CallKey): Element {
	return xml("call", NS.queue, { n: n === undefined ? undefined : String(n), sender, id });
}

/** @throws BusError `invalid-argument` */
export function decodeCallRequest(element: Element): CallKey {
	const isNumbered = element.attr("n") !== undefined;
	if (isNumbered === (element.attr("id") !== undefined)) {
		throw new BusError("invalid-argument", "name a call by its n, or by its sender and id");
	}
	if (isNumbered) return { n: boundedNumber(element, "n", 1, MAX_NUMBER) };
	const sender = bareJid(element.attr("sender"), "invalid-argument");
	return { sender, id: identifierIn(element, "id", "invalid-argument") };
}

export function encodeShownCall(call: ShownCall): Element {
	const { orderKey, maxAttempts, leases, message, redriveOf, redriven } = call;
	const lines = leases.map(({ instance, jid, atMs, tookMs, how, message: said }) => {
		const attributes = { instance, jid, at: millis(atMs), took: millis(tookMs), how };
		return xml("lease", NS.queue, attributes, said === undefined ? undefined : cutMessage(said));
	});
	const more = {
		order: orderKey,
		"max-attempts": maxAttempts === undefined ? undefined : String(maxAttempts),
		of: redriveOf && String(redriveOf.n),
		origin: redriveOf?.origin,
		redriven: millis(redriven?.agoMs),
		as: redriven && String(redriven.n),
		"as-id": redriven?.id,
	};
	const error = message === undefined ? undefined : xml("error", NS.queue, {}, cutMessage(message));
	return xml("call", NS.queue, { ...callAttributes(call), ...more }, ...lines, error);
}

/** @throws BusError `protocol` */
export function decodeShownCall(element: Element | undefined): ShownCall {
	if (!element?.is("call", NS.queue)) throw new BusError("protocol", "the answer is no <call/>");
	const lines = element.elements("lease", NS.queue);
	if (lines.length > MAX_LEASES) throw new BusError("protocol", `the answer has more than ${MAX_LEASES} leases`);
	const message = element.child("error", NS.queue)?.text();
	return {
		...callFrom(element),
		orderKey: element.attr("order"),
		maxAttempts: optionalNumber(element, "max-attempts", 1, MAX_ATTEMPTS, "protocol"),
		leases: lines.map(leaseIn),
		message: message === undefined ? undefined : cutMessage(message),
		redriveOf: redriveIn(element),
		redriven: redrivenIn(element),
	};
}

function redriveIn(element: Element): ShownCall["redriveOf"] {
	const n = optionalNumber(element, "of", 1, MAX_NUMBER, "protocol");
	return n === undefined ? undefined : { n, origin: identifierIn(element, "origin", "protocol") };
}

function redrivenIn(element: Element): ShownCall["redriven"] {
	const agoMs = optionalNumber(element, "redriven", 0, MAX_NUMBER, "protocol");
	if (agoMs === undefined) return undefined;
	const n = boundedNumber(element, "as", 1, MAX_NUMBER, "protocol");
	return { n, id: identifierIn(element, "as-id", "protocol"), agoMs };
}

function leaseIn(line: Element): ShownLease {
	const [jid, how] = [line.attr("jid"), line.attr("how")];
	if (!jid) throw new BusError("protocol", "a <lease/> has no jid");
	if (how !== undefined && !HOW.test(how)) throw new BusError("protocol", "how of <lease/> must be a word");
	return {
		instance: decodeInstance(line, "protocol"),
		jid,
		atMs: boundedNumber(line, "at", 0, MAX_NUMBER, "protocol"),
		tookMs: optionalNumber(line, "took", 0, MAX_NUMBER, "protocol"),
		how,
		message: line.text() === "" ? undefined : cutMessage(line.text()),
	};
}
