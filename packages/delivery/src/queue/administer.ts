import { leave, wait } from "./moves.js";
import type { RetryEvent } from "./queue-events.js";
import { BACK_OFFS, type Head } from "./queue-record.js";
import { answer, type QueueState, refuse, type Turn } from "./queue-state.js";

/** A call that has failed and is to be tried again later is tried again now. What waits already is as it was. */
export function retry(state: QueueState, turn: Turn, { ask, n }: RetryEvent): void {
	const call = state.book.lookUp(n);
	if (call === undefined) {
		refuse(turn, ask, "not-found", `there is no call ${n}`);
		return;
	}
	const why = whyNot(call.head);
	if (why !== undefined) {
		refuse(turn, ask, "conflict", `call ${n} ${why}`);
		return;
	}
	if (call.head.state === "delayed") {
		leave(state, turn, call, "");
		wait(state, turn, call);
	}
	answer(turn, ask, { is: "retried" });
}

function whyNot({ state, due, isDead, again, holder }: Head): string | undefined {
	if (isDead === true) return "is a dead letter: redrive it";
	if (again !== undefined) return `has been redriven: it is call ${again.n} now`;
	if (state === "settled") return "has its outcome, and a call has one";
	if (state === "leased") return `is leased to ${holder?.instance}`;
	if (state === "chained") return "comes behind another of its order key";
	return state === "delayed" && due?.kind !== BACK_OFFS ? "was put off by its caller" : undefined;
}
