import { type Element, xml } from "@antiphon/xml";
import { wordIn } from "../delivery/attributes.js";
import { OPEN_STATES } from "../delivery/call-states.js";
import { encodePageRequest } from "../disco/result-set.js";
import { BusError } from "../errors.js";
import { isQualifiedName } from "../names.js";
import { NS } from "../namespaces.js";
import { bareJid, callFrom, encodeListedCall, type ListedCall } from "./listed-call.js";

/**
 * Lists of durable calls. `open`, and each state of an open call: in the order in which they expire; `settled`: in that in which
 * they are forgotten; `leased` and `dead`: in that of acceptance.
 */
export const CALL_LISTS = ["open", ...OPEN_STATES, "settled", "dead"] as const;
export type CallListName = (typeof CALL_LISTS)[number];

/** Which calls are wanted. */
export interface CallsRequest {
	readonly list: CallListName;
	/** `service.function` */
	readonly fn?: string | undefined;
	/** Bare JID. */
	readonly sender?: string | undefined;
}

export interface CallsPage {
	readonly calls: readonly ListedCall[];
	/** What the next page is behind; `undefined`: this one is the last. */
	readonly next: string | undefined;
}

/** Calls on one page. */
export const MAX_LISTED_CALLS = 256;

export function encodeCallsRequest({ list, fn, sender }: CallsRequest, after?: string, max?: number): Element {
	const page = after === undefined && max === undefined ? undefined : encodePageRequest({ after, max });
	return xml("calls", NS.queue, { list, fn, sender }, page);
}

/** Without the page. @throws BusError `invalid-argument` */
export function decodeCallsRequest(element: Element): CallsRequest {
	const [fn, sender] = [element.attr("fn"), element.attr("sender")];
	if (fn !== undefined && !isQualifiedName(fn)) {
		throw new BusError("invalid-argument", "fn must be the name of a function, such as dictionary.learn");
	}
	const list = element.attr("list") === undefined ? "open" : wordIn(element, "list", CALL_LISTS, "invalid-argument");
	return { list, fn, sender: sender === undefined ? undefined : bareJid(sender, "invalid-argument") };
}

/** How many there are is not said: that would have to be counted. Where the list goes on, `<last/>` is what the next page is behind. */
export function encodeCalls({ calls, next }: CallsPage): Element {
	const last = next === undefined ? undefined : xml("last", NS.resultSet, {}, next);
	const set = last && xml("set", NS.resultSet, {}, last);
	return xml("calls", NS.queue, { complete: String(next === undefined) }, ...calls.map(encodeListedCall), set);
}

/** @throws BusError `protocol` */
export function decodeCalls(element: Element | undefined): CallsPage {
	if (!element?.is("calls", NS.queue)) throw new BusError("protocol", "the answer is no <calls/>");
	const lines = element.elements("call", NS.queue);
	if (lines.length > MAX_LISTED_CALLS) {
		throw new BusError("protocol", `the answer has more than ${MAX_LISTED_CALLS} calls`);
	}
	const next = element.child("set", NS.resultSet)?.child("last", NS.resultSet)?.text();
	return { calls: lines.map(callFrom), next: element.attr("complete") === "true" ? undefined : next };
}
