import type { BusErrorCode, Executed } from "@antiphon/protocol";
import type { Refusal } from "../calls.js";
import { askAbout, leave } from "./asking.js";
import { type KeptCall, keyOf } from "./call-table.js";
import type { ToldEvent } from "./outbox-events.js";
import type { SettledAs } from "./outbox-record.js";
import { answer, answerAll, type OutboxState, refused, type Turn } from "./outbox-state.js";

/** The rest is for the next step, which comes at once. */
const EXPIRED_AT_ONCE = 256;

/** A domain tells what has come of a call. */
export function told(state: OutboxState, turn: Turn, { ask, from, id, attempts, outcome }: ToldEvent): void {
	settle(state, turn, keyOf(from, id), { attempts, outcome });
	answer(turn, ask, { is: "received" });
}

/** A call, of the table or not, has its outcome. */
export function settle(
	state: OutboxState,
	turn: Turn,
	key: string,
	{ attempts, outcome, isUnknown }: SettledAs & { readonly isUnknown?: boolean },
): void {
	const { table } = state;
	const call = table.get(key);
	if (call?.head.state === "settled") return;
	if (call !== undefined) goOn(state, table.settle(turn.desk, call, { attempts, outcome }, turn.now));
	leave(state, key);
	answerAll(state, turn, key, { is: "kept" }, "keep");
	// What was made here is a call, though it never got there.
	const isNone = call === undefined && isUnknown === true;
	answerAll(state, turn, key, { is: "settled", attempts, outcome, ...(isNone && { isUnknown }) }, "wait", "cancel");
}

/** A call gets an outcome that no provider has reported. */
export function settleAs(
	state: OutboxState,
	turn: Turn,
	call: KeptCall,
	code: BusErrorCode,
	executed: Executed,
	message: string,
): void {
	const outcome = { text: state.options.fault(code, executed, message), code, executed };
	if (executed === "no") answerAll(state, turn, call.key, refused(code, message), "keep");
	settle(state, turn, call.key, { attempts: 0, outcome });
}

/** As if it had never been kept. */
export function drop(state: OutboxState, turn: Turn, call: KeptCall, refusal: Refusal): void {
	goOn(state, state.table.drop(turn.desk, call));
	leave(state, call.key);
	answerAll(state, turn, call.key, { is: "refused", refusal }, "keep", "wait", "cancel");
}

export function expire(state: OutboxState, turn: Turn): void {
	for (let count = 0; count < EXPIRED_AT_ONCE; count++) {
		const call = state.table.takeExpired(turn.now);
		if (call === undefined) return;
		const isThere = call.head.state === "accepted" || call.mayBeThere;
		const what = call.head.state === "accepted" ? "nothing was heard of it" : "it was not accepted";
		const message = `${what} by ${call.head.to} before it expired`;
		settleAs(state, turn, call, "deadline-exceeded", isThere ? "unknown" : "no", message);
	}
}

/** @param next the call that could not be submitted before, if there is one */
export function goOn(state: OutboxState, next: KeptCall | undefined): void {
	if (next !== undefined) askAbout(state, next);
}
