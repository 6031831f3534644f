import type {
	AwaitEffect,
	CancelEffect,
	DomainResult,
	RetryPolicy,
	Submission,
	SubmitEffect,
} from "@antiphon/delivery";
import {
	type CallState,
	decodeAccepted,
	decodeStates,
	encodeAwait,
	encodeCancel,
	encodeSubmit,
	type SubmittedCall,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { keptElement } from "../calls/kept-element.js";
import { readOutcomeText, refusalOf } from "../calls/outcome-text.js";
import { NO_WISH } from "./retry.js";

/** Requests of the outbox that go in one stanza, to one address. */
export type Asking =
	| { readonly type: "submit"; readonly to: string; readonly items: readonly SubmitEffect[] }
	| { readonly type: "await"; readonly to: string; readonly items: readonly AwaitEffect[] }
	| { readonly type: "cancel"; readonly to: string; readonly items: readonly CancelEffect[] };

/** What asks for these. */
export function requestOf(asking: Asking): Element {
	switch (asking.type) {
		case "submit":
			return encodeSubmit(asking.items.map(({ submission }) => submittedCall(submission)));
		case "await":
			return encodeAwait({ notify: true, calls: asking.items.map(({ id }) => ({ id })) });
		case "cancel":
			return encodeCancel(asking.items.map(({ id, fn, expiresMs }) => ({ id, fn, expiresMs })));
	}
}

/**
 * What the answer says, by the ids of calls; `undefined`: that it does not fit into this answer.
 * @throws BusError `protocol`
 */
export function resultsIn(asking: Asking, answer: Element | undefined): ReadonlyMap<string, DomainResult | undefined> {
	if (asking.type !== "submit") return new Map(decodeStates(answer).map((state) => [state.id, stateResult(state)]));
	const { items } = decodeAccepted(answer);
	return new Map(
		items.map((item): [string, DomainResult] => {
			const { id, error } = item;
			return [id, error === undefined ? { is: item.state } : { is: "refused", refusal: refusalOf(error) }];
		}),
	);
}

function stateResult(state: CallState): DomainResult | undefined {
	if (state.error !== undefined) return { is: "refused", refusal: refusalOf(state.error) };
	const { attempts } = state;
	if (state.state !== "settled") return { is: "state", state: state.state, attempts };
	const { outcome, isUnknown } = state;
	return outcome && { is: "settled", attempts, outcome: readOutcomeText(outcome), ...(isUnknown && { isUnknown }) };
}

/** A call as it is submitted. */
export function submittedCall({ id, call, delivery, afterMs, expiresMs, orderKey, retry }: Submission): SubmittedCall {
	return {
		id,
		delivery,
		expiresMs: Math.max(1, expiresMs),
		afterMs: Math.min(afterMs, Math.max(1, expiresMs) - 1),
		orderKey,
		notify: true,
		...stated(retry),
		call: keptElement(call.text),
	};
}

/** What its caller wishes. */
function stated(retry: RetryPolicy): Pick<SubmittedCall, "attempts" | "backoffMs" | "maxBackoffMs"> {
	const wished = (name: keyof typeof NO_WISH) => (retry[name] === NO_WISH[name] ? undefined : retry[name]);
	return { attempts: wished("attempts"), backoffMs: wished("backoffMs"), maxBackoffMs: wished("maxBackoffMs") };
}
