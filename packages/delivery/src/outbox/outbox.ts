import type { BusErrorCode, Executed } from "@antiphon/protocol";
import type { FaultWriter, OutcomeText, Refusal } from "../calls.js";
import { backOffMs } from "../engine/back-off.js";
import type { Core, Desk } from "../engine/core.js";
import { Exchange } from "../engine/exchange.js";
import type { View } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";
import { EXCHANGE, FINAL, NO_ROOM_MS, POLL, SMALL, WAITED_FOR_POLL } from "./asking.js";
import { CallTable, type KeptCall, keyOf, partsOf } from "./call-table.js";
import type {
	CancelCallEvent,
	DomainResult,
	KeepEvent,
	OutboxEffect,
	OutboxEvent,
	OutboxResult,
	ToldEvent,
	WaitEvent,
} from "./outbox-events.js";
import { MAX_EXPIRES_MS, OUTBOX_LIMITS, type OutboxLimits } from "./outbox-limits.js";
import { Waiters, type WaitsFor } from "./waiters.js";

export interface OutboxOptions {
	/** Whether its journal survives the process: see {@link KeepEvent}. */
	readonly isDurable: boolean;
	readonly fault: FaultWriter;
	readonly limits?: Partial<OutboxLimits>;
}

/** What a step decides with. */
interface Turn {
	readonly now: JournalTime;
	readonly desk: Desk;
	readonly effects: OutboxEffect[];
}

type Asking = "submit" | "await" | "cancel";

/** The rest is for the next step, which comes at once. */
const EXPIRED_AT_ONCE = 256;

/**
 * The calls of a program on their way to the queue of a domain. A call is known by the address that it is submitted to and
 * its id.
 *
 * | state | event | to | and |
 * | --- | --- | --- | --- |
 * | – | `keep`, room | kept | stored; submitted when the link is up, once all before it with its order key are accepted |
 * | – | `keep`, no room | – | `overloaded` |
 * | kept | accepted, known | accepted | the domain is asked about it now and then, and after each reconnect |
 * | kept | refused for good | settled | executed unknown if an earlier submit may have arrived |
 * | kept | refused for now, no answer, link down | kept | submitted again after its back-off, or when the link is up |
 * | kept | expired | settled `deadline-exceeded` | executed no if the domain cannot have it, otherwise unknown |
 * | kept, the domain cannot have it | `cancel` | settled `cancelled` | executed no |
 * | kept otherwise, accepted | `cancel` | same, cancelled | the domain is asked to cancel it until it answers |
 * | kept, accepted | its outcome: told, asked for, or the answer to a cancel | settled | |
 * | accepted | the domain does not know it | settled `protocol` | executed unknown; `missing` |
 * | accepted | a day after it has expired | settled `deadline-exceeded` | executed unknown: the domain is gone |
 * | settled | a day of `up`, or no room | – | |
 *
 * That a submit has gone out is not stored: after a start the domain may have any call that is kept.
 *
 * In memory, without a store, a call that the domain does not accept is not kept: it is refused and forgotten.
 */
export class Outbox implements Core<OutboxEvent, OutboxEffect> {
	readonly #options: OutboxOptions;
	readonly #limits: OutboxLimits;
	readonly #table: CallTable;
	readonly #exchange = new Exchange(EXCHANGE);
	/** What the request for a call was for that is in flight. */
	readonly #asking = new Map<string, Asking>();
	/** Also for calls that are not in the table, which others have made: the domain is asked about those. */
	readonly #waiters = new Waiters();
	#isUp = false;
	#now: JournalTime = { up: 0, calendar: 0 };

	constructor(options: OutboxOptions) {
		this.#options = options;
		this.#limits = { ...OUTBOX_LIMITS, ...options.limits };
		this.#table = new CallTable(this.#limits);
	}

	step(events: readonly OutboxEvent[], now: JournalTime, desk: Desk): readonly OutboxEffect[] {
		this.#waiters.commit();
		this.#now = now;
		const turn: Turn = { now, desk, effects: [] };
		for (const event of events) this.#decide(turn, event);
		this.#expire(turn);
		this.#table.forget(desk, now);
		if (this.#isUp) this.#ask(turn);
		return turn.effects;
	}

	wakeUp(): number | undefined {
		const times = [this.#table.wakeUp(this.#now), this.#isUp ? this.#exchange.wakeUp() : undefined];
		const known = times.filter((time) => time !== undefined);
		return known.length === 0 ? undefined : Math.min(...known);
	}

	recover(view: View, now: JournalTime): void {
		this.#now = now;
		this.#waiters.rollBack();
		this.#table.recover(view);
		this.#exchange.clear();
		this.#asking.clear();
		for (const call of this.#table.open()) this.#putCall(call);
		for (const key of this.#waiters.keys()) if (this.#table.get(key) === undefined) this.#putStranger(key);
	}

	#decide(turn: Turn, event: OutboxEvent): void {
		switch (event.type) {
			case "link":
				this.#link(event.isUp);
				break;
			case "keep":
				this.#keep(turn, event);
				break;
			case "wait":
				this.#wait(turn, event);
				break;
			case "stop-waiting":
				this.#stopWaiting(event.ask);
				break;
			case "cancel":
				this.#cancel(turn, event);
				break;
			case "told":
				this.#told(turn, event);
				break;
			case "answered":
				this.#answered(turn, event.request, event.result);
				break;
			case "unanswered":
				this.#unanswered(turn, event.request, event.refusal);
				break;
		}
	}

	#link(isUp: boolean): void {
		this.#isUp = isUp;
		this.#exchange.restart();
		for (const call of this.#table.open()) call.polls = 0;
	}

	#keep(turn: Turn, { ask, to, submission }: KeepEvent): void {
		const { call, id } = submission;
		const key = keyOf(to, id);
		const there = this.#table.get(key);
		if (there !== undefined) {
			if (there.head.digest !== call.digest) {
				const message = `a call with the id ${id} was made before, with another input`;
				this.#answer(turn, ask, refused("conflict", message));
			} else if (this.#options.isDurable || there.head.state !== "kept") this.#answer(turn, ask, { is: "kept" });
			else this.#addWaiter(turn, key, ask, "keep");
			return;
		}
		if (!this.#options.isDurable && !this.#isUp) {
			const message = "the link is down, and this node has no outbox that would keep the call";
			this.#answer(turn, ask, refused("unavailable", message));
		} else if (!this.#table.hasRoom(Buffer.byteLength(call.text)) || this.#waiters.size >= this.#limits.maxWaiters) {
			this.#answer(turn, ask, refused("overloaded", "the outbox of this node is full", NO_ROOM_MS));
		} else {
			const kept = this.#table.keep(turn.desk, to, submission, turn.now);
			this.#putCall(kept);
			if (this.#options.isDurable) this.#answer(turn, ask, { is: "kept" });
			else this.#addWaiter(turn, key, ask, "keep");
		}
	}

	#wait(turn: Turn, { ask, to, id }: WaitEvent): void {
		const key = keyOf(to, id);
		const call = this.#table.get(key);
		if (call?.head.state === "settled") this.#answerSettled(turn, ask, call);
		else if (!this.#addWaiter(turn, key, ask, "wait")) return;
		else if (call === undefined && !this.#exchange.has(key)) this.#putStranger(key);
		else if (call?.head.state === "accepted" && !call.head.isCancelled) {
			call.polls = 0;
			this.#exchange.sooner(key, turn.now.up + backOffMs(WAITED_FOR_POLL, 1, key));
		}
	}

	#cancel(turn: Turn, { ask, to, id }: CancelCallEvent): void {
		const key = keyOf(to, id);
		const call = this.#table.get(key);
		if (call?.head.state === "settled") this.#answerSettled(turn, ask, call);
		else if (!this.#addWaiter(turn, key, ask, "cancel")) return;
		else if (call === undefined) this.#putStranger(key);
		else if (call.head.state === "kept" && !call.mayBeThere) {
			this.#settleAs(turn, call, "cancelled", "no", "cancelled before it was submitted");
		} else if (!call.head.isCancelled) {
			this.#table.setCancelled(turn.desk, call, true);
			this.#putCall(call);
		}
	}

	#stopWaiting(ask: number): void {
		const key = this.#waiters.remove(ask);
		if (key === undefined || this.#waiters.has(key) || this.#table.get(key) !== undefined) return;
		this.#exchange.delete(key);
		this.#asking.delete(key);
	}

	#told(turn: Turn, { ask, from, id, attempts, outcome }: ToldEvent): void {
		this.#settleKey(turn, keyOf(from, id), attempts, outcome);
		this.#answer(turn, ask, { is: "received" });
	}

	#answered(turn: Turn, request: number, result: DomainResult): void {
		const key = this.#exchange.answered(request);
		if (key === undefined) return;
		const asking = this.#asking.get(key);
		const call = this.#table.get(key);
		if (result.is === "settled" && asking !== "submit") this.#settleKey(turn, key, result.attempts, result.outcome);
		else if (call === undefined) this.#strangerAnswered(turn, key, result);
		else if (asking === "submit") this.#submitAnswered(turn, call, result);
		else if (asking === "await") this.#awaitAnswered(turn, call, result);
		else this.#cancelAnswered(turn, call, result);
	}

	#unanswered(turn: Turn, request: number, refusal: Refusal | undefined): void {
		const key = this.#exchange.answered(request);
		if (key === undefined) return;
		const call = this.#table.get(key);
		if (call !== undefined && this.#asking.get(key) === "submit" && refusal?.executed === "no") {
			this.#refusedForNow(turn, call, refusal);
		} else this.#exchange.retry(key, turn.now.up, refusal?.retryAfterMs);
	}

	#submitAnswered(turn: Turn, call: KeptCall, result: DomainResult): void {
		if (result.is === "accepted" || result.is === "known") {
			this.#putNext(this.#table.accept(turn.desk, call));
			this.#answerAll(turn, call.key, { is: "kept" }, "keep");
			this.#exchange.delete(call.key);
			this.#putCall(call);
			this.#poll(turn, call);
		} else if (result.is !== "refused") this.#exchange.retry(call.key, turn.now.up);
		else if (this.#options.isDurable && FINAL.has(result.refusal.code)) {
			const { code, executed, message } = result.refusal;
			this.#settleAs(turn, call, code, call.mightHaveBeenThere ? "unknown" : executed, message);
		} else this.#refusedForNow(turn, call, result.refusal);
	}

	/** What has not been executed has left no trace: if none was there before, there is none. */
	#refusedForNow(turn: Turn, call: KeptCall, refusal: Refusal): void {
		if (refusal.executed === "no") call.mayBeThere = call.mightHaveBeenThere;
		if (this.#options.isDurable) this.#exchange.retry(call.key, turn.now.up, refusal.retryAfterMs);
		else this.#drop(turn, call, { ...refusal, executed: call.mayBeThere ? "unknown" : refusal.executed });
	}

	#awaitAnswered(turn: Turn, call: KeptCall, result: DomainResult): void {
		if (result.is === "state") this.#poll(turn, call);
		else if (result.is === "refused" && result.refusal.code === "not-found") {
			const { to, id, fn } = call.head;
			turn.effects.push({ type: "missing", to, id, fn });
			this.#settleAs(turn, call, "protocol", "unknown", `${to} does not know a call any more that it had accepted`);
		} else this.#exchange.retry(call.key, turn.now.up, afterMsOf(result));
	}

	#cancelAnswered(turn: Turn, call: KeptCall, result: DomainResult): void {
		if (result.is !== "refused" || !FINAL.has(result.refusal.code)) {
			this.#exchange.retry(call.key, turn.now.up, afterMsOf(result));
		} else if (call.head.state === "kept") {
			this.#settleAs(turn, call, "cancelled", "unknown", `cancelled; ${result.refusal.message}`);
		} else {
			this.#table.setCancelled(turn.desk, call, false);
			this.#answerAll(turn, call.key, { is: "refused", refusal: result.refusal }, "cancel");
			this.#poll(turn, call);
		}
	}

	#strangerAnswered(turn: Turn, key: string, result: DomainResult): void {
		const { up } = turn.now;
		if (result.is === "state") this.#exchange.later(key, up + backOffMs(WAITED_FOR_POLL, 3, key));
		else if (result.is === "refused" && FINAL.has(result.refusal.code)) {
			const isCancel = this.#asking.get(key) === "cancel";
			const answer: OutboxResult = { is: "refused", refusal: result.refusal };
			this.#answerAll(turn, key, answer, ...(isCancel ? (["cancel"] as const) : (["wait", "cancel"] as const)));
			if (this.#waiters.has(key)) this.#putStranger(key);
			else this.#exchange.delete(key);
		} else this.#exchange.retry(key, up, afterMsOf(result));
	}

	#expire(turn: Turn): void {
		for (let count = 0; count < EXPIRED_AT_ONCE; count++) {
			const call = this.#table.takeExpired(turn.now);
			if (call === undefined) return;
			const isThere = call.head.state === "accepted" || call.mayBeThere;
			const what = call.head.state === "accepted" ? "nothing was heard of it" : "it was not accepted";
			const message = `${what} by ${call.head.to} before it expired`;
			this.#settleAs(turn, call, "deadline-exceeded", isThere ? "unknown" : "no", message);
		}
	}

	#ask({ now, desk, effects }: Turn): void {
		for (const { key, request } of this.#exchange.take(now.up)) {
			const call = this.#table.get(key);
			const { to, id } = partsOf(key);
			const asking = this.#nextAsking(key, call);
			this.#asking.set(key, asking);
			if (asking === "await") effects.push({ type: "await", request, to, id });
			else if (call === undefined || asking === "cancel") {
				const expiresMs = call === undefined ? MAX_EXPIRES_MS : Math.max(0, call.head.expires - now.calendar);
				effects.push({ type: "cancel", request, to, id, fn: call?.head.fn, expiresMs });
			} else {
				call.mightHaveBeenThere = call.mayBeThere;
				call.mayBeThere = true;
				effects.push({ type: "submit", request, to, submission: this.#table.submission(desk, call, now) });
			}
		}
	}

	#nextAsking(key: string, call: KeptCall | undefined): Asking {
		if (call === undefined) return this.#waiters.has(key, "cancel") ? "cancel" : "await";
		if (call.head.isCancelled) return "cancel";
		return call.head.state === "kept" ? "submit" : "await";
	}

	/** Of an open call: asked about as soon as may be, unless another one has to be accepted first. */
	#putCall(call: KeptCall): void {
		const { key, head } = call;
		// It may have been asked about before it was kept.
		if (head.state === "kept") this.#exchange.delete(key);
		if (head.state === "kept" && !head.isCancelled && !this.#table.isNext(call)) return;
		this.#exchange.put(key, head.to, head.state === "kept" ? head.size + SMALL : SMALL);
	}

	#putNext(call: KeptCall | undefined): void {
		if (call !== undefined) this.#putCall(call);
	}

	#putStranger(key: string): void {
		this.#exchange.put(key, partsOf(key).to, SMALL);
	}

	#poll(turn: Turn, call: KeptCall): void {
		call.polls++;
		const poll = this.#waiters.has(call.key, "wait") ? WAITED_FOR_POLL : POLL;
		this.#exchange.later(call.key, turn.now.up + backOffMs(poll, call.polls, call.key));
	}

	#settleAs(turn: Turn, call: KeptCall, code: BusErrorCode, executed: Executed, message: string): void {
		const outcome = { text: this.#options.fault(code, executed, message), code, executed };
		if (executed === "no") this.#answerAll(turn, call.key, refused(code, message), "keep");
		this.#settleKey(turn, call.key, 0, outcome);
	}

	/** A call, of the table or not, has its outcome. */
	#settleKey(turn: Turn, key: string, attempts: number, outcome: OutcomeText): void {
		const call = this.#table.get(key);
		if (call?.head.state === "settled") return;
		if (call !== undefined) this.#putNext(this.#table.settle(turn.desk, call, { attempts, outcome }, turn.now));
		this.#leave(key);
		this.#answerAll(turn, key, { is: "kept" }, "keep");
		this.#answerAll(turn, key, { is: "settled", attempts, outcome }, "wait", "cancel");
	}

	#drop(turn: Turn, call: KeptCall, refusal: Refusal): void {
		this.#putNext(this.#table.drop(turn.desk, call));
		this.#leave(call.key);
		this.#answerAll(turn, call.key, { is: "refused", refusal }, "keep", "wait", "cancel");
	}

	#leave(key: string): void {
		this.#exchange.delete(key);
		this.#asking.delete(key);
	}

	#addWaiter(turn: Turn, key: string, ask: number, waitsFor: WaitsFor): boolean {
		const hasRoom = this.#waiters.size < this.#limits.maxWaiters;
		if (hasRoom) this.#waiters.add(key, ask, waitsFor);
		else this.#answer(turn, ask, refused("overloaded", "too many wait for outcomes on this node", NO_ROOM_MS));
		return hasRoom;
	}

	#answerSettled(turn: Turn, ask: number, call: KeptCall): void {
		this.#answer(turn, ask, { is: "settled", ...this.#table.settledAs(turn.desk, call) });
	}

	#answerAll(turn: Turn, key: string, result: OutboxResult, ...waitsFor: readonly WaitsFor[]): void {
		for (const { ask } of this.#waiters.take(key, ...waitsFor)) this.#answer(turn, ask, result);
	}

	#answer(turn: Turn, ask: number, result: OutboxResult): void {
		turn.effects.push({ type: "answer", ask, result });
	}
}

function refused(code: BusErrorCode, message: string, retryAfterMs?: number): OutboxResult {
	return { is: "refused", refusal: { code, message, executed: "no", retryAfterMs } };
}

function afterMsOf(result: DomainResult): number | undefined {
	return result.is === "refused" ? result.refusal.retryAfterMs : undefined;
}
