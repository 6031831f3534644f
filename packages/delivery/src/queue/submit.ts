import { numberKey } from "../journal/binary.js";
import type { Call, CallBook } from "./call-book.js";
import { refuseAboveShare } from "./fair-share.js";
import { attemptsOf, place, waiterOf } from "./moves.js";
import type { OutcomeEffect, SubmitEvent } from "./queue-events.js";
import { MAX_EXPIRES_MS } from "./queue-options.js";
import { chainPrefix, type Head, NOTHING } from "./queue-record.js";
import { answer, type QueueState, refuse, type Turn } from "./queue-state.js";

/** How long to wait while there is little room on the disk. */
export const TIGHT_MS = 5_000;

/** A caller hands in a call, perhaps not for the first time. */
export function submit(state: QueueState, turn: Turn, event: SubmitEvent): void {
	const { ask, sender, submission } = event;
	const known = state.book.find(sender, submission.id);
	if (known !== undefined) {
		repeat(state, turn, event, known);
		return;
	}
	const { afterMs, expiresMs } = submission;
	if (!(expiresMs > 0 && expiresMs <= MAX_EXPIRES_MS && afterMs >= 0 && afterMs <= expiresMs)) {
		const message = "a call expires within 30 days, and is not put off for longer than that";
		refuse(turn, ask, "invalid-argument", message);
		return;
	}
	const retryAfterMs = noRoom(state, turn, event);
	if (retryAfterMs !== undefined) {
		refuse(turn, ask, "overloaded", "there is no room for another call", { retryAfterMs });
		return;
	}
	if (refuseAboveShare(state, turn, ask, sender, submission.id)) return;
	accept(state, turn, headOf(turn, event), submission.call.text);
	if (event.notify !== undefined) state.waiters.add(`${sender}\n${submission.id}`, event.notify);
	answer(turn, ask, { is: "accepted" });
}

/** Takes a new call in: from here on it is settled once, whatever happens. */
export function accept(state: QueueState, turn: Turn, head: Head, text: string): Call {
	const { book, lanes, expiries, promises } = state;
	const call = book.add(head, text);
	promises.give(turn.desk, call.n);
	book.meta.open++;
	lanes.open(call);
	expiries.add(turn.desk, head.expires, call.n);
	if (head.order !== undefined) turn.desk.put(chainPrefix(head) + numberKey(call.n), NOTHING);
	place(state, turn, call);
	return call;
}

/** The id of a call that is there already. What was cancelled before it came is the same call, whatever is in it. */
function repeat(state: QueueState, turn: Turn, { ask, notify, submission }: SubmitEvent, call: Call): void {
	const { head } = call;
	if (head.digest !== undefined && head.digest !== submission.call.digest) {
		refuse(turn, ask, "conflict", `${submission.id} is the id of another call`);
		return;
	}
	const keepMs = state.promises.of(call.n);
	answer(turn, ask, { is: "known", ...(keepMs < state.limits.keepMs && { keepMs }) });
	if (notify === undefined) return;
	if (head.state === "settled") turn.effects.push(outcomeOf(state.book, call, submission.call.fn, notify));
	else state.waiters.add(waiterOf(call), notify);
}

/** @param fn as it was submitted: of what was cancelled before it came, that is not kept */
function outcomeOf(book: CallBook, call: Call, fn: string, to: string): OutcomeEffect {
	const { id } = call.head;
	return { type: "outcome", to, fn, id, attempts: attemptsOf(call), outcome: book.outcome(call) };
}

/** @returns when there may be room, in milliseconds; `undefined`: there is some */
function noRoom(state: QueueState, turn: Turn, event: SubmitEvent): number | undefined {
	const { lanes, limits, drain, isTight } = state;
	const { sender, submission } = event;
	const { fn, version } = submission.call;
	const { census } = lanes;
	const isNewLane = !lanes.has(fn, version, sender);
	if (isTight) return drain.around(TIGHT_MS, sender + submission.id);
	const excess = Math.max(
		census.all - limits.calls,
		census.ofFunction(fn) - limits.callsPerFunction,
		census.ofSender(fn, sender) - limits.callsPerSender,
		census.ofForeigners(sender) - Math.floor(limits.calls * limits.foreignShare),
		...(isNewLane ? lanesAbove(state, sender) : []),
	);
	return excess < 0 ? undefined : drain.retryAfterMs(excess + 1, turn.now.up, sender + submission.id);
}

/** How much there is above the bounds of lanes, of which there would be one more. */
function lanesAbove({ lanes, limits }: QueueState, sender: string): number[] {
	const { census, size } = lanes;
	return [
		size - limits.lanes,
		census.lanesOf(sender) - limits.lanesPerSender,
		census.lanesOfForeigners(sender) - Math.floor(limits.lanes * limits.foreignShare),
	];
}

function headOf({ now }: Turn, { sender, submission }: SubmitEvent): Head {
	const { id, call, delivery, afterMs, expiresMs, orderKey, retry } = submission;
	return {
		sender,
		id,
		fn: call.fn,
		version: call.version,
		digest: call.digest,
		delivery,
		order: orderKey,
		retry,
		accepted: now.calendar,
		notBefore: now.calendar + Math.ceil(afterMs),
		expires: now.calendar + Math.ceil(expiresMs),
		state: "waiting",
		token: 0,
		counted: 0,
		silent: 0,
		history: [],
	};
}
