import type { Core, Desk } from "../engine/core.js";
import type { View } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";
import { answered, unanswered } from "./answers.js";
import { ask, askAbout, askAboutStranger } from "./asking.js";
import { keyOf } from "./call-table.js";
import type { OutboxEffect, OutboxEvent } from "./outbox-events.js";
import { emptyState, type OutboxOptions, type OutboxState, type Turn } from "./outbox-state.js";
import { expire, told } from "./settling.js";
import { cancel, keep, stopWaiting, wait } from "./wishes.js";

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
	readonly #state: OutboxState;
	#now: JournalTime = { up: 0, calendar: 0 };

	constructor(options: OutboxOptions) {
		this.#state = emptyState(options);
	}

	step(events: readonly OutboxEvent[], now: JournalTime, desk: Desk): readonly OutboxEffect[] {
		const state = this.#state;
		state.waiters.commit();
		this.#now = now;
		const turn: Turn = { now, desk, effects: [] };
		for (const event of events) decide(state, turn, event);
		expire(state, turn);
		state.table.forget(desk, now);
		if (state.isUp) ask(state, turn);
		return turn.effects;
	}

	/**
	 * Whether this call was made here, or somebody waits for it here: as it is now in memory, at any time. Of any other call it does
	 * not matter what is told.
	 */
	knows(to: string, id: string): boolean {
		const { table, waiters } = this.#state;
		const key = keyOf(to, id);
		return table.get(key) !== undefined || waiters.has(key);
	}

	wakeUp(): number | undefined {
		const { table, exchange, isUp } = this.#state;
		const times = [table.wakeUp(this.#now), isUp ? exchange.wakeUp() : undefined];
		const known = times.filter((time) => time !== undefined);
		return known.length === 0 ? undefined : Math.min(...known);
	}

	/** To which addresses calls of an id were submitted, of those that are in memory. */
	addressesOf(id: string): string[] {
		return this.#state.table.addressesOf(id);
	}

	recover(view: View, now: JournalTime): void {
		const state = this.#state;
		const { waiters, table, exchange, asking } = state;
		this.#now = now;
		waiters.rollBack();
		table.recover(view);
		exchange.clear();
		asking.clear();
		for (const call of table.open()) askAbout(state, call);
		for (const key of waiters.keys()) if (table.get(key) === undefined) askAboutStranger(state, key);
	}
}

function decide(state: OutboxState, turn: Turn, event: OutboxEvent): void {
	switch (event.type) {
		case "link":
			link(state, event.isUp);
			break;
		case "keep":
			keep(state, turn, event);
			break;
		case "wait":
			wait(state, turn, event);
			break;
		case "stop-waiting":
			stopWaiting(state, event.ask);
			break;
		case "cancel":
			cancel(state, turn, event);
			break;
		case "told":
			told(state, turn, event);
			break;
		case "answered":
			answered(state, turn, event);
			break;
		case "unanswered":
			unanswered(state, turn, event);
			break;
	}
}

function link(state: OutboxState, isUp: boolean): void {
	state.isUp = isUp;
	state.exchange.restart();
	for (const call of state.table.open()) call.polls = 0;
}
