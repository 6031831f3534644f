import type { Refusal } from "../calls.js";
import type { Call } from "./call-book.js";
import { refuseAboveShare } from "./fair-share.js";
import { attemptsOf, finish, keep, tellLost, waiterOf } from "./moves.js";
import type { AwaitEvent, CancelEvent } from "./queue-events.js";
import { LATE_COPY_MS, MAX_EXPIRES_MS } from "./queue-options.js";
import type { Head } from "./queue-record.js";
import { answer, madeHere, type QueueState, refuse, type Turn } from "./queue-state.js";
import { TIGHT_MS } from "./submit.js";

/** It may have run, and have been forgotten since, or lost with a disk: who takes it for not executed runs it again. */
export const UNKNOWN_CALL: Refusal = {
	code: "not-found",
	message: "no call of yours has this id",
	executed: "unknown",
};

/** A caller asks what has become of its call. Another's is not there. */
export function lookAfter(state: QueueState, turn: Turn, { ask, sender, id, notify }: AwaitEvent): void {
	const call = state.book.find(sender, id);
	if (call === undefined) {
		answer(turn, ask, { is: "refused", refusal: UNKNOWN_CALL });
		return;
	}
	const { state: place } = call.head;
	if (place === "settled") answerSettled(state, turn, ask, call);
	else {
		if (notify !== undefined) state.waiters.add(waiterOf(call), notify);
		answer(turn, ask, { is: "state", state: place, attempts: attemptsOf(call) });
	}
}

/** A caller gives up a call, which may not have come yet. */
export function cancel(state: QueueState, turn: Turn, event: CancelEvent): void {
	const { ask, sender, id, expiresMs, by } = event;
	const known = state.book.find(sender, id);
	if (known === undefined && expiresMs === undefined) {
		answer(turn, ask, { is: "refused", refusal: UNKNOWN_CALL });
		return;
	}
	if (known === undefined && state.isTight) {
		const retryAfterMs = state.drain.around(TIGHT_MS, sender + id);
		refuse(turn, ask, "overloaded", "there is no room to remember that a call was cancelled", { retryAfterMs });
		return;
	}
	if (known === undefined && refuseAboveShare(state, turn, ask, sender, id)) return;
	const call = known ?? remember(state, turn, event);
	if (call.head.state !== "settled") {
		giveUp(state, turn, call, "cancelled", `${by === undefined ? "its caller" : `an ${by}`} has cancelled it`);
	}
	answerSettled(state, turn, ask, call);
}

/** Nobody wants a call any more. Whether it has run is known only if nobody ever had it. */
export function giveUp(
	state: QueueState,
	turn: Turn,
	call: Call,
	code: "cancelled" | "deadline-exceeded",
	message: string,
): void {
	const lease = state.leases.get(call.n);
	if (lease !== undefined) tellLost(turn, lease);
	finish(state, turn, call, madeHere(state, code, call.head.token === 0 ? "no" : "unknown", message));
}

/** A trace of an id, for a late copy of its submit to find. */
function remember(state: QueueState, turn: Turn, { sender, id, expiresMs = 0 }: CancelEvent): Call {
	const { calendar, up } = turn.now;
	const expires = calendar + Math.min(Math.max(0, Math.ceil(expiresMs)), MAX_EXPIRES_MS);
	const head: Head = {
		sender,
		id,
		fn: "",
		version: "",
		digest: undefined,
		delivery: "effectively-once",
		accepted: calendar,
		notBefore: calendar,
		expires,
		state: "settled",
		token: 0,
		counted: 0,
		silent: 0,
		history: [],
		settledAt: calendar,
	};
	const call = state.book.add(head, "");
	state.book.setOutcome(call, madeHere(state, "cancelled", "no", "its caller cancelled it before it came"));
	keep(state, turn, call, up + Math.max(state.limits.keepMs, expires - calendar + LATE_COPY_MS));
	return call;
}

function answerSettled(state: QueueState, turn: Turn, ask: number, call: Call): void {
	const [attempts, outcome] = [attemptsOf(call), state.book.outcome(call)];
	const isUnknown = call.head.digest === undefined;
	answer(turn, ask, { is: "settled", attempts, outcome, ...(isUnknown && { isUnknown }) });
}
