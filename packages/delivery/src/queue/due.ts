import { endOf } from "../journal/binary.js";
import { fallSilent, leave, purge, wait } from "./moves.js";
import { giveUp } from "./outcomes.js";
import { untaken } from "./providing.js";
import { callKey, DEAD, nIn } from "./queue-record.js";
import type { QueueState, Turn } from "./queue-state.js";

/** Of each kind in one step: the rest is for the next, which comes at once. */
const AT_ONCE = 256;

/** Does what it is time for. What has come in the same step was first: a renewal saves a lease that would be over now. */
export function doDue(state: QueueState, turn: Turn): void {
	const { up, calendar } = turn.now;
	const { desk } = turn;
	const { book, leases } = state;
	const atOnce = state.pace.of(AT_ONCE);
	for (let i = 0; i < atOnce; i++) {
		const lease = leases.takeOver(up);
		if (lease === undefined) break;
		fallSilent(state, turn, book.get(lease.n), "over");
	}
	for (let i = 0; i < atOnce; i++) {
		const lease = leases.takeUntaken(up);
		if (lease === undefined) break;
		untaken(state, turn, book.get(lease.n));
	}
	for (const n of state.expiries.due(desk, calendar, atOnce)) {
		giveUp(state, turn, book.get(n), "deadline-exceeded", "it has expired");
	}
	for (const agenda of [state.backOffs, state.starts]) {
		for (const n of agenda.due(desk, agenda === state.starts ? calendar : up, atOnce)) {
			leave(state, turn, book.get(n), "");
			wait(state, turn, book.get(n));
		}
	}
	for (let paused = state.pauses.take(up); paused !== undefined; paused = state.pauses.take(up)) {
		state.lanes.shelves.touched.add(paused.slice(0, paused.indexOf("/")));
	}
	forget(state, turn);
}

/** Deletes what was promised to be kept until now, and dead letters beyond their number. */
function forget(state: QueueState, turn: Turn): void {
	const { book, kept, limits } = state;
	const { desk, now } = turn;
	const atOnce = state.pace.of(AT_ONCE);
	for (const n of kept.due(desk, now.up, atOnce)) {
		const call = book.get(n);
		kept.delete(desk, call.head.keptUntil ?? 0, n);
		if (call.head.isDead === true) {
			desk.delete(callKey(DEAD, n));
			book.meta.dead--;
		}
		book.meta.settled--;
		book.forget(call);
	}
	const excess = Math.min(atOnce, book.meta.dead - limits.deadLetters);
	if (excess <= 0) return;
	for (const key of desk.keys(DEAD, endOf(DEAD), excess)) purge(state, turn, book.get(nIn(key)));
}
