import type { Core, Desk } from "../engine/core.js";
import type { View } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";
import { retry } from "./administer.js";
import { redrive, takeOff } from "./dead-letters.js";
import { doDue } from "./due.js";
import { cancel, lookAfter } from "./outcomes.js";
import { providerGone, pull, release, renew, taken, undelivered } from "./providing.js";
import type { QueueEffect, QueueEvent } from "./queue-events.js";
import type { QueueOptions } from "./queue-options.js";
import { emptyState, type QueueState, type Turn } from "./queue-state.js";
import { check, recover } from "./recover.js";
import { report } from "./reports.js";
import { schedule } from "./schedule.js";
import { submit } from "./submit.js";
import { survey } from "./survey.js";

/**
 * The queue of a domain: the one authority for which calls there are, who has them, and what came of them. A call is known
 * by the bare JID of its sender and its id.
 *
 * | state | event | to |
 * | --- | --- | --- |
 * | – | `submit`, room | chained behind others of its order key, delayed, or waiting |
 * | any | `submit`, same digest; another one | same: `known`; `conflict` |
 * | chained | the one before it is settled | delayed, waiting |
 * | delayed | due; `retry`, if it is for the back-off | waiting |
 * | waiting | an instance takes it | leased, with the next token |
 * | leased | `renew`, named in a `pull` | same, the lease begins anew |
 * | leased, not taken | refused, not there, not named in a `pull` | waiting |
 * | leased, not taken, at-least-once | not acknowledged for 10 s | waiting; counts |
 * | leased | `release`, executed no; and it had better wait | waiting; delayed |
 * | leased | lease over; `release`, executed unknown; taken, and not named in a `pull` | delayed; counts |
 * | leased; its lease is over, and there is no other | `settle`: final | settled |
 * | leased | `settle`: to be tried again; unimplemented | delayed; counts; does not |
 * | whenever it counts | no run is left | settled, dead |
 * | any | `settle` with another token | same: `conflict` |
 * | unsettled | `cancel`; expired | settled `cancelled`; `deadline-exceeded` |
 * | – | `cancel` | settled `cancelled` |
 * | settled | was kept for as long as it was promised | – |
 *
 * Memory grows with lanes, leases, instances and waiters, all of which have a bound, and not with calls. The time of a step does not
 * grow with what waits, nor with the versions that callers write. That of a start does, as all that is there is counted, and by
 * what waits that of going on after a batch that was not stored.
 */
export class Queue implements Core<QueueEvent, QueueEffect> {
	readonly #state: QueueState;
	#ahead = 0;
	#up = 0;
	#isChecked = false;

	constructor(options: QueueOptions) {
		this.#state = emptyState(options);
	}

	step(events: readonly QueueEvent[], now: JournalTime, desk: Desk): readonly QueueEffect[] {
		const state = this.#state;
		const turn: Turn = { now, desk, effects: state.forgotten };
		this.#note(now);
		state.pace.begin();
		state.forgotten = [];
		state.hasMore = false;
		state.book.begin(desk);
		for (const event of events) decide(state, turn, event);
		doDue(state, turn);
		schedule(state, turn);
		for (const agenda of [state.backOffs, state.starts, state.expiries, state.kept]) agenda.settle(desk);
		state.lanes.end(desk);
		state.book.end(desk);
		return turn.effects;
	}

	wakeUp(): number | undefined {
		const { leases, pauses, backOffs, starts, expiries, kept, hasMore } = this.#state;
		const calendar = [starts.first, expiries.first].map((at) => (at === undefined ? undefined : at - this.#ahead));
		const times = [
			leases.next(),
			pauses.next(),
			backOffs.first,
			kept.first,
			...calendar,
			hasMore ? this.#up : undefined,
		];
		const known = times.filter((at) => at !== undefined);
		return known.length === 0 ? undefined : Math.min(...known);
	}

	recover(view: View, now: JournalTime): void {
		this.#note(now);
		if (this.#isChecked) this.#state.pace.slower();
		recover(this.#state, view, now);
		// A batch that was not stored has changed nothing there: it is as whole as it was at the start.
		if (!this.#isChecked) check(this.#state, view);
		this.#isChecked = true;
	}

	/** While the journal is open both of its times run alike. */
	#note({ up, calendar }: JournalTime): void {
		this.#up = up;
		this.#ahead = calendar - up;
	}
}

function decide(state: QueueState, turn: Turn, event: QueueEvent): void {
	switch (event.type) {
		case "submit":
			submit(state, turn, event);
			break;
		case "await":
			lookAfter(state, turn, event);
			break;
		case "caller-gone":
			state.waiters.gone(event.address);
			break;
		case "cancel":
			cancel(state, turn, event);
			break;
		case "pull":
			pull(state, turn, event);
			break;
		case "provider-gone":
			providerGone(state, event);
			break;
		case "taken":
			taken(state, event);
			break;
		case "undelivered":
			undelivered(state, turn, event);
			break;
		case "settle":
			report(state, turn, event);
			break;
		case "renew":
			renew(state, turn, event);
			break;
		case "release":
			release(state, turn, event);
			break;
		case "retry":
			retry(state, turn, event);
			break;
		case "redrive":
			redrive(state, turn, event);
			break;
		case "purge":
			takeOff(state, turn, event);
			break;
		case "survey":
			survey(state, turn, event);
			break;
		case "room":
			state.room.tell(event.leftBytes);
	}
}
