import type { Call } from "./call-book.js";
import { purge } from "./moves.js";
import type { PurgeEvent, RedriveEvent } from "./queue-events.js";
import { answer, type QueueState, refuse, type Turn } from "./queue-state.js";
import { accept } from "./submit.js";

/** Of an id, in characters. */
const MAX_ID = 64;

/** A dead letter is tried again, as another call: it has its outcome, and a call has one. */
export function redrive(state: QueueState, turn: Turn, { ask, n }: RedriveEvent): void {
	const dead = deadLetter(state, turn, ask, n);
	if (dead === undefined) return;
	if (state.isTight) {
		refuse(turn, ask, "overloaded", "there is little room left on the disk", { retryAfterMs: 5_000 });
		return;
	}
	const { head } = dead;
	const { calendar } = turn.now;
	const id = freeId(state, dead);
	const { sender, fn, version, digest, delivery, order, retry } = head;
	const fresh = { state: "waiting" as const, token: 0, counted: 0, silent: 0, history: [] };
	const times = { accepted: calendar, notBefore: calendar, expires: calendar + head.expires - head.accepted };
	const known = { sender, id, fn, version, digest, delivery, order, retry };
	const call = accept(state, turn, { ...known, ...times, ...fresh }, state.book.text(dead));
	state.book.change(dead);
	answer(turn, ask, { is: "redriven", id, n: call.n });
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
	refuse(turn, ask, "not-found", `there is no dead letter ${n}`);
	return undefined;
}

/** `<id>-r1`, or what is free after that. */
function freeId(state: QueueState, { head }: Call): string {
	for (;;) {
		head.redriven = (head.redriven ?? 0) + 1;
		const suffix = `-r${head.redriven}`;
		const id = head.id.slice(0, MAX_ID - suffix.length) + suffix;
		if (state.book.find(head.sender, id) === undefined) return id;
	}
}
