import { askAbout, askAboutStranger, leave, pollSooner } from "./asking.js";
import { keyOf } from "./call-table.js";
import type { CancelCallEvent, KeepEvent, WaitEvent } from "./outbox-events.js";
import { answer, answerSettled, type OutboxState, refused, type Turn } from "./outbox-state.js";
import { settleAs } from "./settling.js";
import type { WaitsFor } from "./waiters.js";

/** When it may be worth another try where there was no room, in milliseconds. */
const NO_ROOM_MS = 5_000;

/** The program makes a call, perhaps not for the first time. */
export function keep(state: OutboxState, turn: Turn, { ask, to, submission }: KeepEvent): void {
	const { table, options, waiters, limits } = state;
	const { call, id } = submission;
	const key = keyOf(to, id);
	const there = table.get(key);
	if (there !== undefined) {
		if (there.head.digest !== call.digest) {
			const message = `a call with the id ${id} was made before, with another input`;
			answer(turn, ask, refused("conflict", message));
		} else if (options.isDurable || there.head.state !== "kept") answer(turn, ask, { is: "kept" });
		else addWaiter(state, turn, key, ask, "keep");
		return;
	}
	if (!options.isDurable && !state.isUp) {
		const message = "the link is down, and this node has no outbox that would keep the call";
		answer(turn, ask, refused("unavailable", message));
	} else if (!table.hasRoom(Buffer.byteLength(call.text)) || waiters.size >= limits.maxWaiters) {
		answer(turn, ask, refused("overloaded", "the outbox of this node is full", NO_ROOM_MS));
	} else {
		askAbout(state, table.keep(turn.desk, to, submission, turn.now));
		if (options.isDurable) answer(turn, ask, { is: "kept" });
		else addWaiter(state, turn, key, ask, "keep");
	}
}

/** The program wants the outcome of a call, which another process may have made. */
export function wait(state: OutboxState, turn: Turn, { ask, to, id }: WaitEvent): void {
	const key = keyOf(to, id);
	const call = state.table.get(key);
	if (call?.head.state === "settled") answerSettled(state, turn, ask, call);
	else if (!addWaiter(state, turn, key, ask, "wait")) return;
	else if (call === undefined && !state.exchange.has(key)) askAboutStranger(state, key);
	else if (call?.head.state === "accepted" && !call.head.isCancelled) pollSooner(state, turn, call);
}

/** The program gives a call up, which another process may have made. */
export function cancel(state: OutboxState, turn: Turn, { ask, to, id }: CancelCallEvent): void {
	const key = keyOf(to, id);
	const call = state.table.get(key);
	if (call?.head.state === "settled") answerSettled(state, turn, ask, call);
	else if (!addWaiter(state, turn, key, ask, "cancel")) return;
	else if (call === undefined) askAboutStranger(state, key);
	else if (call.head.state === "kept" && !call.mayBeThere) {
		settleAs(state, turn, call, "cancelled", "no", "cancelled before it was submitted");
	} else if (!call.head.isCancelled) {
		state.table.setCancelled(turn.desk, call, true);
		askAbout(state, call);
	}
}

/** The program has no more patience. */
export function stopWaiting(state: OutboxState, ask: number): void {
	const { waiters, table } = state;
	const key = waiters.remove(ask);
	if (key === undefined || waiters.has(key) || table.get(key) !== undefined) return;
	leave(state, key);
}

/** @returns whether there was room */
function addWaiter(
	{ waiters, limits }: OutboxState,
	turn: Turn,
	key: string,
	ask: number,
	waitsFor: WaitsFor,
): boolean {
	const hasRoom = waiters.size < limits.maxWaiters;
	if (hasRoom) waiters.add(key, ask, waitsFor);
	else answer(turn, ask, refused("overloaded", "too many wait for outcomes on this node", NO_ROOM_MS));
	return hasRoom;
}
