import { abortedError, checkedSignal } from "@antiphon/link";
import { BusError, requireNames } from "@antiphon/protocol";
import { checkedTimeoutMs } from "../bounds/limits.js";
import { asCallFailure } from "../calls/call-failure.js";
import { outputOf } from "../calls/outcome-text.js";
import type { Caller } from "./call.js";
import { about, asked, foundBy } from "./durable-error.js";
import { type DurableId, durableId, parseDurableId } from "./durable-id.js";
import type { Patience } from "./waiters.js";

/** How long to wait for a durable call. */
export interface OutcomeOptions {
	/** In milliseconds. Default `limits.defaultTimeoutMs`. */
	readonly timeoutMs?: number;
	/** Ends the waiting, and not the call. */
	readonly signal?: AbortSignal;
}

const OPTIONS = Object.keys({ timeoutMs: true, signal: true } satisfies Record<keyof OutcomeOptions, true>);

/** @returns the output of a durable call, as the provider sent it. @throws BusError */
export async function outcomeOf(caller: Caller, callId: string, options: OutcomeOptions): Promise<unknown> {
	try {
		const { call, patience } = questionOf(caller, callId, options);
		const name = durableId(call);
		const over = `nobody waits any longer for the outcome of the call, which is there or may come: ${foundBy(name)}`;
		const { outcome } = await asked(
			name,
			patient(patience, () => caller.outbox.wait(call, patience)),
			over,
		);
		try {
			return outputOf(outcome);
		} catch (thrown) {
			throw about(name, thrown);
		}
	} catch (thrown) {
		throw asCallFailure(thrown);
	}
}

/** Gives a durable call up. @returns whether its outcome is that. @throws BusError */
export async function cancelSent(caller: Caller, callId: string, options: OutcomeOptions): Promise<boolean> {
	try {
		const { call, patience } = questionOf(caller, callId, options);
		const name = durableId(call);
		const over = `nobody waits any longer, and whether the call is cancelled is not known: node.cancel("${name}") tells`;
		const cancelled = patient(patience, () => caller.outbox.cancel(call, patience));
		const { outcome, isUnknown } = await asked(name, cancelled, over);
		// Nor is it known whether one ran that is forgotten by now.
		if (isUnknown) throw new BusError("not-found", unknownCall(caller, call), { executed: "unknown" });
		return outcome.code === "cancelled";
	} catch (thrown) {
		throw asCallFailure(thrown);
	}
}

interface AboutCall {
	readonly call: DurableId;
	readonly patience: Patience;
}

/** @throws BusError `invalid-argument` */
function questionOf({ outbox, self, defaultTimeoutMs }: Caller, callId: string, options: OutcomeOptions): AboutCall {
	requireNames(options, OPTIONS);
	const deadlineMs = performance.now() + checkedTimeoutMs(options.timeoutMs ?? defaultTimeoutMs);
	const patience = { deadlineMs, signal: checkedSignal(options.signal) };
	return { call: parseDurableId(callId, { self, addressesOf: (id) => outbox.addressesOf(id) }), patience };
}

/** Who has no patience at all asks nothing: what is given up would be given up all the same. */
async function patient<T>({ signal }: Patience, ask: () => Promise<T>): Promise<T> {
	if (signal?.aborted) throw abortedError(signal, "unknown");
	return ask();
}

/** That its trace is kept is no success: an id may be mistyped. */
function unknownCall({ self }: Caller, { id, to }: DurableId): string {
	return `${self().bare()} has made no call ${id} of which ${to} knows; if one comes yet, it is cancelled`;
}
