import type { OutcomeText } from "../calls.js";
import { backOffMs } from "../engine/back-off.js";
import { endOf, numberKey } from "../journal/binary.js";
import type { Call } from "./call-book.js";
import type { Lease } from "./leases.js";
import { LATE_COPY_MS } from "./queue-options.js";
import { BACK_OFFS, callKey, chainPrefix, DEAD, LEASED, NOTHING, nIn, STARTS } from "./queue-record.js";
import { madeHere, type QueueState, type Turn } from "./queue-state.js";
import { serviceOf } from "./shelves.js";

/*
 * The moves between the states of a call: each leaves the place where the call was, in memory and in the indexes, and takes
 * another. Whether a move is allowed is decided before.
 *
 *     waiting ⇄ leased → delayed → waiting     chained → waiting, delayed     all of these → settled
 */

/** A call that is nowhere: behind others of its order key, waiting for its time, or for an instance. */
export function place(state: QueueState, turn: Turn, call: Call): void {
	const { head, n } = call;
	if (head.order !== undefined && firstOfChain(turn, call) !== n) {
		head.state = "chained";
		state.book.change(call);
	} else if (head.notBefore > turn.now.calendar) delay(state, turn, call, STARTS, head.notBefore);
	else wait(state, turn, call);
}

export function wait(state: QueueState, turn: Turn, call: Call): void {
	call.head.state = "waiting";
	state.lanes.add(turn.desk, call);
	state.book.change(call);
}

export function delay(
	state: QueueState,
	{ desk }: Turn,
	call: Call,
	kind: typeof BACK_OFFS | typeof STARTS,
	at: number,
): void {
	const { head, n } = call;
	head.state = "delayed";
	head.due = { kind, at };
	agendaOf(state, kind).add(desk, at, n);
	state.book.change(call);
}

/** Takes a call from where it is. @param message what the error says with which a lease ends */
export function leave(state: QueueState, { desk, now }: Turn, call: Call, how: string, message?: string): void {
	const { head, n } = call;
	const { book, lanes, leases } = state;
	if (head.state === "waiting") lanes.delete(desk, call);
	else if (head.state === "delayed" && head.due !== undefined) {
		agendaOf(state, head.due.kind).delete(desk, head.due.at, n);
		head.due = undefined;
	} else if (head.state === "leased") {
		const lease = leases.get(n);
		if (lease !== undefined) leases.delete(lease);
		desk.delete(callKey(LEASED, n));
		book.meta.leased--;
		const last = head.history.at(-1);
		if (last !== undefined)
			Object.assign(last, { ended: now.calendar, how, ...(message !== undefined && { message }) });
	}
	// There is room for another, or nobody need be kept free for it.
	lanes.shelves.touched.add(serviceOf(head.fn));
	book.change(call);
}

/**
 * A lease has ended before anything ran: as if it had not been, but for its token. Of many that end so one after the other, only
 * the last is remembered: there is no more to know of the others, and they would leave no room for what has run.
 * @param afterMs nobody gets the call before
 */
export function handBack(state: QueueState, turn: Turn, call: Call, afterMs = 0): void {
	const { head } = call;
	leave(state, turn, call, "back");
	const [before, last] = head.history.slice(-2);
	if (before?.how === "back" && last?.how === "back") head.history = [...head.history.slice(0, -2), last];
	head.isTokenGood = false;
	if (afterMs > 0) delay(state, turn, call, BACK_OFFS, turn.now.up + Math.ceil(afterMs));
	else wait(state, turn, call);
}

/** How a run can end of which nothing is heard any more: its lease is over, its process has died, it was never acknowledged. */
export type Silence = "over" | "died" | "untaken";

/** Nothing is heard of a run, and its lease ends. That counts. Only if it is over may its outcome still come. */
export function fallSilent(state: QueueState, turn: Turn, call: Call, how: Silence): void {
	const { head } = call;
	const lease = state.leases.get(call.n);
	if (lease !== undefined && how !== "died") tellLost(turn, lease);
	leave(state, turn, call, how);
	if (how !== "over") head.isTokenGood = false;
	if (how !== "untaken") head.silent++;
	const last = `nothing was heard of the last of ${head.counted + 1} runs`;
	runAgain(state, turn, call, madeHere(state, "unavailable", "unknown", last), how === "untaken");
}

/**
 * A run that counts has failed, and its call is nowhere: the next run comes later, or there is none left and it is dead.
 * @param isAtOnce the next one comes as soon as somebody takes it
 */
export function runAgain(state: QueueState, turn: Turn, call: Call, last: OutcomeText, isAtOnce = false): void {
	const { head, n } = call;
	const { attempts, backoffMs, maxBackoffMs } = head.retry ?? { attempts: 1, backoffMs: 0, maxBackoffMs: 0 };
	head.counted++;
	if (head.counted >= attempts) settle(state, turn, call, last, true);
	else if (isAtOnce) wait(state, turn, call);
	else {
		const waitMs = backOffMs({ firstMs: backoffMs, maxMs: maxBackoffMs }, head.counted, String(n));
		delay(state, turn, call, BACK_OFFS, turn.now.up + waitMs);
	}
}

/**
 * Takes a call from where it is, and gives it its outcome. A run that was under way is its last. A redriven call that expires
 * is a dead letter again: nobody but who has redriven it waits for it, and nobody else has its input.
 */
export function finish(state: QueueState, turn: Turn, call: Call, outcome: OutcomeText, message?: string): void {
	const { head } = call;
	const isLeased = head.state === "leased";
	leave(state, turn, call, outcome.code ?? "reply", message);
	if (isLeased) head.counted++;
	settle(state, turn, call, outcome, outcome.code === "deadline-exceeded" && head.origin !== undefined);
}

/** Gives a call that is nowhere its outcome, which it keeps. */
function settle(state: QueueState, turn: Turn, call: Call, outcome: OutcomeText, isDead: boolean): void {
	const { head, n } = call;
	const { book, lanes, limits } = state;
	const { desk, now } = turn;
	head.state = "settled";
	head.settledAt = now.calendar;
	head.isTokenGood = false;
	state.expiries.delete(desk, head.expires, n);
	freeNext(state, turn, call);
	lanes.close(call);
	book.meta.open--;
	book.setOutcome(call, outcome);
	const promisedMs = Math.max(state.promises.keepMsOf(n), head.expires - now.calendar + LATE_COPY_MS);
	head.promisedUntil = now.up + promisedMs;
	if (isDead) {
		head.isDead = true;
		desk.put(callKey(DEAD, n), NOTHING);
		book.meta.dead++;
	} else {
		book.dropText(call);
		head.retry = undefined;
	}
	keep(state, turn, call, now.up + (isDead ? Math.max(promisedMs, limits.deadMs) : promisedMs));
	state.drain.settled(now.up);
	tell(state, turn, call, outcome);
}

/** Keeps what is settled until then. */
export function keep(state: QueueState, { desk }: Turn, call: Call, until: number): void {
	const { head, n } = call;
	if (head.keptUntil === undefined) state.book.meta.settled++;
	else state.kept.delete(desk, head.keptUntil, n);
	head.keptUntil = until;
	state.kept.add(desk, until, n);
	state.book.change(call);
}

/** A dead letter is off the list, and its input is gone; it stays for as long as it would have. */
export function unlist(state: QueueState, { desk }: Turn, call: Call): void {
	const { head, n } = call;
	desk.delete(callKey(DEAD, n));
	state.book.meta.dead--;
	head.isDead = undefined;
	head.retry = undefined;
	state.book.dropText(call);
}

/** A dead letter is off the list; its outcome stays as long as it was promised. */
export function purge(state: QueueState, turn: Turn, call: Call): void {
	unlist(state, turn, call);
	keep(state, turn, call, call.head.promisedUntil ?? turn.now.up);
}

export function tellLost({ effects }: Turn, { holder, node, n, token }: Lease): void {
	const { service, instance } = holder;
	effects.push({ type: "lost", to: node, service, instance, n, token });
}

export function waiterOf({ head: { sender, id } }: Call): string {
	return `${sender}\n${id}`;
}

/** Tells everybody who waits for it. */
function tell(state: QueueState, { effects }: Turn, call: Call, outcome: OutcomeText): void {
	const { fn, id } = call.head;
	for (const to of state.waiters.take(waiterOf(call))) {
		effects.push({ type: "outcome", to, fn, id, attempts: attemptsOf(call), outcome });
	}
}

/** The runs of a call that count, with the one that is under way. */
export function attemptsOf({ head: { counted, state } }: Call): number {
	return counted + (state === "leased" ? 1 : 0);
}

/** The next call of an order key is the first now. */
function freeNext(state: QueueState, turn: Turn, call: Call): void {
	if (call.head.order === undefined) return;
	turn.desk.delete(chainPrefix(call.head) + numberKey(call.n));
	const next = firstOfChain(turn, call);
	if (next === undefined) return;
	const chained = state.book.get(next);
	if (chained.head.state === "chained") place(state, turn, chained);
}

function firstOfChain({ desk }: Turn, { head }: Call): number | undefined {
	const prefix = chainPrefix(head);
	const [first] = desk.keys(prefix, endOf(prefix), 1);
	return first === undefined ? undefined : nIn(first);
}

function agendaOf(state: QueueState, kind: typeof BACK_OFFS | typeof STARTS) {
	return kind === BACK_OFFS ? state.backOffs : state.starts;
}
