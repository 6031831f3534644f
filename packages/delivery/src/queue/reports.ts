import type { BusErrorCode } from "@antiphon/protocol";
import type { OutcomeText, RetryPolicy } from "../calls.js";
import type { Call } from "./call-book.js";
import { delay, finish, leave, runAgain } from "./moves.js";
import { isHolder, isLast } from "./providing.js";
import type { SettleEvent } from "./queue-events.js";
import { BACK_OFFS } from "./queue-record.js";
import { answer, madeHere, type QueueState, refuse, type Turn } from "./queue-state.js";

/** Another run would end like this one. */
const FINAL: ReadonlySet<BusErrorCode> = new Set<BusErrorCode>([
	"invalid-argument",
	"forbidden",
	"unauthenticated",
	"too-large",
]);
/** How long until somebody may have been brought up to date. */
const UNIMPLEMENTED_MS = 10_000;

/** A provider reports what came of a run. Only the last lease of a call has a say in that. */
export function report(state: QueueState, turn: Turn, event: SettleEvent): void {
	const { ask, from, n, token } = event;
	const call = state.book.lookUp(n);
	const isAgain = call?.head.recorded === token && call.head.token === token && isHolder(call, from);
	if (call === undefined || !(isAgain || isLast(call, token, from))) {
		refuse(turn, ask, "conflict", "the lease of this run was not the last one", { executed: "unknown" });
		return;
	}
	if (!isAgain) record(state, turn, call, event);
	answer(turn, ask, { is: "recorded" });
}

function record(state: QueueState, turn: Turn, call: Call, { outcome, message }: SettleEvent): void {
	const { head } = call;
	head.recorded = head.token;
	head.isTokenGood = false;
	state.book.change(call);
	if (isFinal(outcome, head.retry)) finish(state, turn, call, truthful(state, call, outcome), message);
	else if (head.state === "leased") {
		leave(state, turn, call, outcome.code ?? "reply", message);
		// It is no failure of the call that nobody can run it yet.
		if (outcome.code === "unimplemented") delay(state, turn, call, BACK_OFFS, turn.now.up + UNIMPLEMENTED_MS);
		else runAgain(state, turn, call, truthful(state, call, outcome));
	}
	// Otherwise its lease was over, which has counted: it runs again as it would have.
}

function isFinal({ code, name }: OutcomeText, retry: RetryPolicy | undefined): boolean {
	if (code === undefined) return true;
	if (code === "fault") return name === undefined || retry?.faults.includes(name) !== true;
	return FINAL.has(code);
}

/** That one run has done nothing is not true of the call if there was another one. */
function truthful(state: QueueState, { head }: Call, outcome: OutcomeText): OutcomeText {
	if (outcome.executed !== "no" || head.token <= 1 || outcome.code === undefined) return outcome;
	const message = `the last of ${head.token} leases was refused with ${outcome.code}; an earlier run may have done something`;
	return madeHere(state, outcome.code, "unknown", message);
}
