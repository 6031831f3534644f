import type { BusErrorCode, Executed } from "@antiphon/protocol";
import type { OutcomeText } from "../calls.js";
import type { Desk } from "../engine/core.js";
import { Timetable } from "../engine/timetable.js";
import type { JournalTime } from "../journal/journal-time.js";
import { Agenda } from "./agenda.js";
import { CallBook } from "./call-book.js";
import { Drain } from "./drain.js";
import { Instances } from "./instances.js";
import { Lanes } from "./lanes.js";
import { Leases } from "./leases.js";
import { Pace } from "./pace.js";
import type { PullAgainEffect, QueueEffect, QueueResult } from "./queue-events.js";
import { QUEUE_LIMITS, type QueueLimits, type QueueOptions } from "./queue-options.js";
import { BACK_OFFS, EXPIRIES, KEPT, STARTS } from "./queue-record.js";
import { Promises } from "./retention.js";
import { Room } from "./room.js";
import { Shelves } from "./shelves.js";
import { Waiters } from "./waiters.js";

/** What a step decides with. */
export interface Turn {
	readonly now: JournalTime;
	readonly desk: Desk;
	readonly effects: QueueEffect[];
}

/** What a queue has in memory, all of it bounded; what decides about it is beside. */
export interface QueueState {
	readonly options: QueueOptions;
	readonly limits: QueueLimits;
	readonly book: CallBook;
	readonly lanes: Lanes;
	readonly instances: Instances;
	readonly leases: Leases;
	/** Instances that want nothing for a while. */
	readonly pauses: Timetable;
	readonly backOffs: Agenda;
	readonly starts: Agenda;
	readonly expiries: Agenda;
	readonly kept: Agenda;
	readonly promises: Promises;
	readonly waiters: Waiters;
	readonly drain: Drain;
	readonly room: Room;
	/** Nothing new is accepted: there is little room on the disk. */
	readonly isTight: boolean;
	readonly pace: Pace;
	/** What was forgotten at the last recovery, and is to be told so. */
	forgotten: PullAgainEffect[];
	/** There is more to be done at once. */
	hasMore: boolean;
}

export function emptyState(options: QueueOptions): QueueState {
	const limits = { ...QUEUE_LIMITS, ...options.limits };
	const instances = new Instances();
	const room = new Room();
	return {
		options,
		limits,
		book: new CallBook(room),
		lanes: new Lanes(new Shelves(instances, (wanted, served) => isFit({ options }, wanted, served)), options.home),
		instances,
		leases: new Leases(instances),
		pauses: new Timetable(),
		backOffs: new Agenda(BACK_OFFS),
		starts: new Agenda(STARTS),
		expiries: new Agenda(EXPIRIES),
		kept: new Agenda(KEPT),
		promises: new Promises(limits.keepMs),
		waiters: new Waiters(limits.waiters, options.home),
		drain: new Drain(),
		room,
		get isTight() {
			return room.leftBytes <= 0;
		},
		pace: new Pace(),
		forgotten: [],
		hasMore: false,
	};
}

export function answer({ effects }: Turn, ask: number, result: QueueResult): void {
	effects.push({ type: "answer", ask, result });
}

export function refuse(
	turn: Turn,
	ask: number,
	code: BusErrorCode,
	message: string,
	more: { readonly executed?: Executed; readonly retryAfterMs?: number } = {},
): void {
	answer(turn, ask, { is: "refused", refusal: { code, message, executed: "no", ...more } });
}

/** An outcome that nobody has reported. */
export function madeHere(
	{ options }: QueueState,
	code: BusErrorCode,
	executed: Executed,
	message: string,
): OutcomeText {
	return { text: options.fault(code, executed, message), code, executed };
}

/** Whether calls of this version are run by an instance that serves that one. */
export function isFit({ options }: Pick<QueueState, "options">, wanted: string, served: string): boolean {
	return options.fits === undefined ? wanted === served : options.fits(wanted, served);
}

export function bareOf(full: string): string {
	const slash = full.indexOf("/");
	return slash < 0 ? full : full.slice(0, slash);
}
