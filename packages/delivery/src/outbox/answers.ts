import type { BusErrorCode } from "@antiphon/protocol";
import type { Refusal } from "../calls.js";
import { askAbout, askAboutStranger, poll, pollStranger } from "./asking.js";
import type { KeptCall } from "./call-table.js";
import type { DomainResult, OutboxAnsweredEvent, OutboxResult, OutboxUnansweredEvent } from "./outbox-events.js";
import { answerAll, type OutboxState, type Turn } from "./outbox-state.js";
import { drop, goOn, settle, settleAs } from "./settling.js";

/** Refusals of a submit that another try does not change. */
const FINAL: ReadonlySet<BusErrorCode> = new Set<BusErrorCode>([
	"invalid-argument",
	"unauthenticated",
	"forbidden",
	"conflict",
	"too-large",
	"not-found",
	"unimplemented",
]);

/** A domain says what it has done about a call, or knows of it. */
export function answered(state: OutboxState, turn: Turn, { request, result }: OutboxAnsweredEvent): void {
	const key = state.exchange.answered(request);
	if (key === undefined) return;
	const asking = state.asking.get(key);
	const call = state.table.get(key);
	if (result.is === "settled" && asking !== "submit") settle(state, turn, key, result);
	else if (call === undefined) strangerAnswered(state, turn, key, result);
	else if (asking === "submit") submitAnswered(state, turn, call, result);
	else if (asking === "await") awaitAnswered(state, turn, call, result);
	else cancelAnswered(state, turn, call, result);
}

export function unanswered(state: OutboxState, turn: Turn, { request, refusal }: OutboxUnansweredEvent): void {
	const { exchange, table, asking } = state;
	const key = exchange.answered(request);
	if (key === undefined) return;
	const call = table.get(key);
	if (call !== undefined && asking.get(key) === "submit" && refusal?.executed === "no") {
		refusedForNow(state, turn, call, refusal);
	} else exchange.retry(key, turn.now.up, refusal?.retryAfterMs);
}

function submitAnswered(state: OutboxState, turn: Turn, call: KeptCall, result: DomainResult): void {
	const { exchange, table, options } = state;
	if (result.is === "accepted" || result.is === "known") {
		goOn(state, table.accept(turn.desk, call));
		answerAll(state, turn, call.key, { is: "kept" }, "keep");
		exchange.delete(call.key);
		askAbout(state, call);
		poll(state, turn, call);
	} else if (result.is !== "refused") exchange.retry(call.key, turn.now.up);
	else if (options.isDurable && FINAL.has(result.refusal.code)) {
		const { code, executed, message } = result.refusal;
		settleAs(state, turn, call, code, call.mightHaveBeenThere ? "unknown" : executed, message);
	} else refusedForNow(state, turn, call, result.refusal);
}

/** What has not been executed has left no trace: if none was there before, there is none. */
function refusedForNow(state: OutboxState, turn: Turn, call: KeptCall, refusal: Refusal): void {
	if (refusal.executed === "no") call.mayBeThere = call.mightHaveBeenThere;
	if (state.options.isDurable) state.exchange.retry(call.key, turn.now.up, refusal.retryAfterMs);
	else drop(state, turn, call, { ...refusal, executed: call.mayBeThere ? "unknown" : refusal.executed });
}

function awaitAnswered(state: OutboxState, turn: Turn, call: KeptCall, result: DomainResult): void {
	if (result.is === "state") poll(state, turn, call);
	else if (result.is === "refused" && result.refusal.code === "not-found") {
		const { to, id, fn } = call.head;
		turn.effects.push({ type: "missing", to, id, fn });
		settleAs(state, turn, call, "protocol", "unknown", `${to} does not know a call any more that it had accepted`);
	} else state.exchange.retry(call.key, turn.now.up, afterMsOf(result));
}

function cancelAnswered(state: OutboxState, turn: Turn, call: KeptCall, result: DomainResult): void {
	if (result.is !== "refused" || !FINAL.has(result.refusal.code)) {
		state.exchange.retry(call.key, turn.now.up, afterMsOf(result));
	} else if (call.head.state === "kept") {
		settleAs(state, turn, call, "cancelled", "unknown", `cancelled; ${result.refusal.message}`);
	} else {
		state.table.setCancelled(turn.desk, call, false);
		answerAll(state, turn, call.key, { is: "refused", refusal: result.refusal }, "cancel");
		poll(state, turn, call);
	}
}

/** Of a call that another process has made. */
function strangerAnswered(state: OutboxState, turn: Turn, key: string, result: DomainResult): void {
	const { exchange, asking, waiters } = state;
	if (result.is === "state") pollStranger(state, turn, key);
	else if (result.is === "refused" && FINAL.has(result.refusal.code)) {
		const isCancel = asking.get(key) === "cancel";
		const answer: OutboxResult = { is: "refused", refusal: result.refusal };
		answerAll(state, turn, key, answer, ...(isCancel ? (["cancel"] as const) : (["wait", "cancel"] as const)));
		if (waiters.has(key)) askAboutStranger(state, key);
		else exchange.delete(key);
	} else exchange.retry(key, turn.now.up, afterMsOf(result));
}

function afterMsOf(result: DomainResult): number | undefined {
	return result.is === "refused" ? result.refusal.retryAfterMs : undefined;
}
