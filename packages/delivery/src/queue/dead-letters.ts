import type { Call } from "./call-book.js";
import { purge, unlist } from "./moves.js";
import type { PurgeEvent, RedriveEvent } from "./queue-events.js";
import { answer, type QueueState, refuse, type Turn } from "./queue-state.js";
import { accept } from "./submit.js";

/** Of an id, in characters. */
const MAX_ID = 64;

/**
 * A dead letter is tried again, as another call, which has its input from now on: the letter has its outcome, and a call has one.
 * Handlers know the new call by the id that it had at first, so that what they have done is known to them.
 */
export function redrive(state: QueueState, turn: Turn, { ask, n }: RedriveEvent): void {
	const dead = deadLetter(state, turn, ask, n);
	if (dead === undefined) return;
	if (state.isTight) {
		refuse(turn, ask, "overloaded", "there is little room left on the disk", { retryAfterMs: 5_000 });
		return;
	}
	const { head } = dead;
	const { calendar } = turn.now;
	const { sender, fn, version, digest, delivery, order, retry, origin = head.id } = head;
	const fresh = { state: "waiting" as const, token: 0, counted: 0, silent: 0, history: [] };
	const times = { accepted: calendar, notBefore: calendar, expires: calendar + head.expires - head.accepted };
	const line = { ...nextOf(state, dead, origin), origin, redriveOf: n };
	const known = { sender, fn, version, digest, delivery, order, retry, ...line };
	const call = accept(state, turn, { ...known, ...times, ...fresh }, state.book.text(dead));
	const again = { n: call.n, id: known.id };
	unlist(state, turn, dead);
	head.again = { ...again, at: calendar };
	answer(turn, ask, { is: "redriven", ...again });
}

export function takeOff(state: QueueState, turn: Turn, { ask, n }: PurgeEvent): void {
	const dead = deadLetter(state, turn, ask, n);
	if (dead === undefined) return;
	purge(state, turn, dead);
	answer(turn, ask, { is: "purged" });
}

function deadLetter(state: QueueState, turn: Turn, ask: number, n: number): Call | undefined {
	const call = state.book.lookUp(n);
	if (call?.head.isDead === true) return call;
	const again = call?.head.again;
	if (again === undefined) refuse(turn, ask, "not-found", `there is no dead letter ${n}`);
	else refuse(turn, ask, "conflict", `call ${n} has been redriven: it is call ${again.n} now, id ${again.id}`);
	return undefined;
}

/** `<origin>-r1` and so on: the next that is free. */
function nextOf(state: QueueState, { head }: Call, origin: string): { readonly id: string; readonly redriven: number } {
	for (let redriven = (head.redriven ?? 0) + 1; ; redriven++) {
		const suffix = `-r${redriven}`;
		const id = origin.slice(0, MAX_ID - suffix.length) + suffix;
		if (state.book.find(head.sender, id) === undefined) return { id, redriven };
	}
}
