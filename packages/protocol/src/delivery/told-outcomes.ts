import { type Element, xml } from "@antiphon/xml";
import { NO_QUEUES } from "../call/fault.js";
import { boundedNumber } from "../domain/attributes.js";
import { NS } from "../namespaces.js";
import { encodeRefusal, withRefusal } from "./answers.js";
import { type CallName, callNameIn } from "./call-id.js";
import { distinct, type Item, itemsOf, MAX_NUMBER, readEach, requireAnswer } from "./items.js";
import { type Outcome, outcomeIn } from "./outcome.js";

/** What came of a call, as the domain tells its caller. */
export interface ToldOutcome extends CallName {
	/** How often it has run. */
	readonly attempts: number;
	readonly outcome: Outcome;
}

export function encodeOutcomes(outcomes: readonly ToldOutcome[]): Element {
	const items = outcomes.map(({ id, attempts, outcome }) =>
		xml("item", NS.delivery, { id, attempts: String(attempts) }, outcome.element),
	);
	return xml("outcome", NS.delivery, {}, ...items);
}

/** @returns items that cannot be read with what is wrong with them. @throws BusError `invalid-argument` for the whole list */
export function decodeOutcomes(element: Element): Item<CallName, ToldOutcome>[] {
	return readEach(itemsOf(element, "invalid-argument"), nameOf, (item, name) => ({
		...name,
		attempts: boundedNumber(item, "attempts", 0, MAX_NUMBER),
		outcome: outcomeIn(item, "invalid-argument", NO_QUEUES),
	}));
}

/** What the caller has, on disk where it has an outbox; and what it has refused. */
export function encodeReceived(answers: readonly Item<CallName, CallName>[]): Element {
	const items = answers.map(({ id, error }) => xml("item", NS.delivery, { id }, encodeRefusal(error)));
	return xml("received", NS.delivery, {}, ...items);
}

/** @throws BusError `protocol` */
export function decodeReceived(element: Element | undefined): Item<CallName, CallName>[] {
	const items = itemsOf(requireAnswer(element, "received"), "protocol");
	const names = distinct(items, (item) => callNameIn(item, "protocol"), "protocol");
	return items.map((item, i) => withRefusal(names[i] as CallName, item));
}

const nameOf = (item: Element) => callNameIn(item, "invalid-argument");
