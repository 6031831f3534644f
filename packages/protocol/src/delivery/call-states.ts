import { type Element, xml } from "@antiphon/xml";
import { NO_QUEUES } from "../call/fault.js";
import { boundedNumber } from "../domain/attributes.js";
import { BusError } from "../errors.js";
import { NS } from "../namespaces.js";
import { encodeRefusal, refusalIn } from "./answers.js";
import { flagIn, wordIn } from "./attributes.js";
import { type CallName, callNameIn } from "./call-id.js";
import { distinct, itemsOf, MAX_NUMBER, type Refused, requireAnswer } from "./items.js";
import { type Outcome, outcomeIn } from "./outcome.js";

/** What a caller asks about its calls. */
export interface Await {
	/** Whether it wants to be told of outcomes, at the full JID that asks. */
	readonly notify: boolean;
	readonly calls: readonly CallName[];
}

/** `waiting` for an instance, `delayed` until it is due, `chained` behind another of its order key, `leased` to an instance. */
export const OPEN_STATES = ["waiting", "delayed", "chained", "leased"] as const;
export type OpenCallState = (typeof OPEN_STATES)[number];

export type CallState =
	| (CallName & { readonly state: OpenCallState; readonly attempts: number; readonly error?: undefined })
	| (CallName & {
			readonly state: "settled";
			readonly attempts: number;
			/** `undefined`: it does not fit into this answer. Asked for alone, it does. */
			readonly outcome: Outcome | undefined;
			/** Whether it was cancelled before it came: nobody knows whether there is such a call. Default: it came. */
			readonly isUnknown?: boolean;
			readonly error?: undefined;
	  })
	| Refused<CallName>;

export function encodeAwait({ notify, calls }: Await): Element {
	const items = calls.map(({ id }) => xml("item", NS.delivery, { id }));
	return xml("await", NS.delivery, { notify: notify ? "true" : undefined }, ...items);
}

/** @throws BusError `invalid-argument` */
export function decodeAwait(element: Element): Await {
	const items = itemsOf(element, "invalid-argument");
	const calls = distinct(items, (item) => callNameIn(item, "invalid-argument"), "invalid-argument");
	return { notify: flagIn(element, "notify", "invalid-argument"), calls };
}

/** The answer to `<await/>`, and to `<cancel/>`. */
export function encodeStates(states: readonly CallState[]): Element {
	const items = states.map((each) => {
		if (each.error !== undefined) return xml("item", NS.delivery, { id: each.id }, encodeRefusal(each.error));
		const { id, state, attempts } = each;
		const settled = each.state === "settled" ? each : undefined;
		const unknown = settled?.isUnknown ? "true" : undefined;
		return xml("item", NS.delivery, { id, state, attempts: String(attempts), unknown }, settled?.outcome?.element);
	});
	return xml("states", NS.delivery, {}, ...items);
}

/** @throws BusError `protocol` */
export function decodeStates(element: Element | undefined): CallState[] {
	const items = itemsOf(requireAnswer(element, "states"), "protocol");
	const names = distinct(items, (item) => callNameIn(item, "protocol"), "protocol");
	return items.map((item, i) => stateIn(item, names[i] as CallName));
}

function stateIn(item: Element, name: CallName): CallState {
	// Without a state a fault says why there is none; with one it is what came of the call.
	const error = item.attr("state") === undefined ? refusalIn(item) : undefined;
	if (error !== undefined) return { ...name, error };
	const state = wordIn(item, "state", [...OPEN_STATES, "settled"], "protocol");
	const attempts = boundedNumber(item, "attempts", 0, MAX_NUMBER, "protocol");
	const isEmpty = item.elements(undefined, NS.rpc).length === 0;
	if (state === "settled") {
		const outcome = isEmpty ? undefined : outcomeIn(item, "protocol", NO_QUEUES);
		const isUnknown = flagIn(item, "unknown", "protocol");
		return { ...name, state, attempts, outcome, ...(isUnknown && { isUnknown }) };
	}
	if (isEmpty) return { ...name, state, attempts };
	throw new BusError("protocol", `a call that is ${state} cannot have an outcome`);
}
