import { type Journal, StoreError, type Write } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";
import type { Core } from "./core.js";
import { Overlay } from "./overlay.js";

/** The time of the journal: a `JournalClock`. */
export interface EngineTime {
	now(): JournalTime;
	/** What each batch that is written at `now` has in it, so that the journal's time goes on from there. */
	write(now: JournalTime): Write;
}

export interface EngineClock {
	/** Runs `action` once, after `delayMs`. What is returned calls it off. */
	after(delayMs: number, action: () => void): () => void;
}

export interface EngineParts<Event, Effect> {
	readonly core: Core<Event, Effect>;
	readonly journal: Journal;
	readonly time: EngineTime;
	readonly clock: EngineClock;
	/** Runs `action` once, when what is going on now is done: what comes until then is decided together. */
	soon(action: () => void): void;
	/** Does what the core wants. Only called when all that led to it is on disk. */
	release(effects: readonly Effect[]): void;
	/** These have not been stored, and will not be: by `full` for certain, by `failed` and `lost` nobody knows. */
	refuse(events: readonly Event[], error: StoreError): void;
	/** Whether an event that found no room is decided again a second later, instead of being refused. */
	keeps(event: Event): boolean;
	/**
	 * Whether an event that is kept, and has found no room alone, may be decided behind those that came after it. Not what says how
	 * things are now: behind what has become of them it would be believed. Default: none.
	 */
	readonly mayComeLast?: ((event: Event) => boolean) | undefined;
	/** The journal has failed or is lost. Everything has been refused, and nothing more is taken. */
	ended(error: StoreError): void;
	/** Above so many events that wait while a batch is being written, those are refused that may be. Default: 4,096. */
	readonly maxGathered?: number;
}

const MAX_GATHERED = 4_096;
/** Twice as many as a queue has leases: more never run at once, so that more are told only while nothing can be stored at all. */
const MAX_TOLD = 131_072;
/** Events that are decided together: a batch is to be written soon, and its keys are kept in order. */
const MAX_STEP = 512;
const FULL_RETRY_MS = 1_000;
/** Timers of weeks overflow: who has woken up for nothing sleeps again. */
const MAX_TIMER_MS = 3_600_000;
/** A journal that says nothing for so many intervals has failed. Counted, as a process that was stopped sees no time pass. */
const SILENT_INTERVALS = 6;
const SILENT_INTERVAL_MS = 5_000;

/**
 * Stands between a core and the world: gathers what comes while a batch is being written, has the core decide about all of it
 * together, writes, and lets the effects go when that is stored. One batch is in the air at a time, so no decision rests on
 * what may yet be lost, and there is more in a batch the longer the one before takes.
 *
 * | state | event | to |
 * | --- | --- | --- |
 * | idle | something has come, or is due | decides; nothing to write: releases, stays idle; else writing |
 * | writing | stored | releases, idle |
 * | writing | full | the core is recovered; the batch is refused, or kept for later; paused for a second |
 * | writing | full, of one event | besides, all that waits is refused, but for what is kept; that one comes last, if it may |
 * | writing | failed, lost, nothing for 30 s | all is refused; ended |
 */
export class Engine<Event, Effect> {
	readonly #parts: EngineParts<Event, Effect>;
	#state: "idle" | "writing" | "paused" | "ended" = "idle";
	#gathered: Event[] = [];
	#isStepSoon = false;
	#maxStep = MAX_STEP;
	#forgetTimer = () => {};
	#onStopped: (() => void) | undefined;

	/** @throws StoreError when what is stored cannot be read */
	constructor(parts: EngineParts<Event, Effect>) {
		this.#parts = parts;
		const { core, journal, time } = parts;
		core.recover(journal.view, time.now());
		this.#stepSoon();
	}

	/**
	 * For what somebody asks, and can ask again, and for hints.
	 * @returns whether it will be decided about; `false`: too much waits already, or the engine has ended or is being stopped
	 */
	take(event: Event): boolean {
		return this.#gather(event, this.#parts.maxGathered ?? MAX_GATHERED);
	}

	/**
	 * For what nobody else will say again: how a run has ended, what an answer was, how the link is. However much is asked, it has a
	 * place. Who tells it bounds it, by what runs.
	 * @returns whether it will be decided about; `false`: the engine has ended or is being stopped, or 131,072 events wait
	 */
	tell(event: Event): boolean {
		return this.#gather(event, MAX_TOLD);
	}

	/** Decides about what has been taken, closes the journal and calls back. What finds no room is refused. */
	stop(done: () => void): void {
		if (this.#onStopped !== undefined) throw new Error("the engine is being stopped already");
		this.#onStopped = done;
		this.#forgetTimer();
		if (this.#state === "ended") this.#close();
		else if (this.#state !== "writing") this.#resume();
	}

	#gather(event: Event, most: number): boolean {
		if (this.#state === "ended" || this.#onStopped !== undefined) return false;
		if (this.#gathered.length >= most) return false;
		this.#gathered.push(event);
		this.#stepSoon();
		return true;
	}

	#stepSoon(): void {
		if (this.#state !== "idle" || this.#isStepSoon) return;
		this.#isStepSoon = true;
		this.#parts.soon(() => {
			this.#isStepSoon = false;
			if (this.#state === "idle") this.#step();
		});
	}

	#step(): void {
		const { core, journal, time } = this.#parts;
		this.#forgetTimer();
		const now = time.now();
		const events = this.#gathered.splice(0, this.#maxStep);
		const desk = new Overlay(journal.view);
		let effects: readonly Effect[];
		try {
			effects = core.step(events, now, desk);
		} catch (error) {
			this.#end(events, failure(error));
			return;
		}
		const writes = desk.writes;
		if (writes.length === 0) {
			this.#releaseAndGoOn(effects);
			return;
		}
		this.#state = "writing";
		this.#write([...writes, time.write(now)], (error) => {
			if (error === undefined) {
				this.#maxStep = MAX_STEP;
				this.#releaseAndGoOn(effects);
			} else if (error.kind === "full") this.#makeRoom(events, error);
			else this.#end(events, error);
		});
	}

	/** Calls back once, also when the journal does not. */
	#write(writes: readonly Write[], done: (error?: StoreError) => void): void {
		const { journal, clock } = this.#parts;
		let isDone = false;
		let forget = () => {};
		const once = (error?: StoreError) => {
			if (isDone) return;
			isDone = true;
			forget();
			done(error);
		};
		const watch = (intervals: number) => {
			forget = clock.after(SILENT_INTERVAL_MS, () => {
				if (intervals > 1) watch(intervals - 1);
				else once(new StoreError("failed", "the journal has not said for 30 s whether it has stored a batch"));
			});
		};
		watch(SILENT_INTERVALS);
		journal.write(writes, once);
	}

	#releaseAndGoOn(effects: readonly Effect[]): void {
		try {
			this.#parts.release(effects);
		} finally {
			this.#goOn();
		}
	}

	/** A batch is over: the next one, or the time of the next one. */
	#goOn(): void {
		this.#state = "idle";
		if (this.#gathered.length > 0) this.#stepSoon();
		else if (this.#onStopped !== undefined) this.#close();
		else this.#setTimer();
	}

	#setTimer(): void {
		const { core, clock, time } = this.#parts;
		const at = core.wakeUp();
		if (at === undefined) return;
		// A millisecond at least: a core that always has something to do does not keep everything else from being done.
		const delayMs = Math.min(Math.max(1, Math.ceil(at - time.now().up)), MAX_TIMER_MS);
		this.#forgetTimer = clock.after(delayMs, () => this.#stepSoon());
	}

	/** What finds no room in many events may find it in fewer; what is tried again frees some, perhaps. */
	#makeRoom(events: readonly Event[], error: StoreError): void {
		const { core, journal, clock, time } = this.#parts;
		this.#maxStep = Math.max(1, Math.floor(Math.min(this.#maxStep, events.length) / 2));
		try {
			core.recover(journal.view, time.now());
		} catch (thrown) {
			this.#end(events, failure(thrown));
			return;
		}
		const isStopping = this.#onStopped !== undefined;
		const refused = isStopping ? [...events, ...this.#gathered.splice(0)] : this.#keepForLater(events);
		this.#state = "paused";
		if (isStopping) this.#close();
		else this.#forgetTimer = clock.after(FULL_RETRY_MS, () => this.#resume());
		if (refused.length > 0) this.#parts.refuse(refused, error);
	}

	/**
	 * What is kept comes first again; but what has found no room alone comes last, if it may, as there may be some for the others.
	 * When not even one finds any, nobody waits behind those that are kept.
	 * @returns what is not kept
	 */
	#keepForLater(events: readonly Event[]): Event[] {
		const isLone = events.length <= 1;
		const isLast = isLone && events.every((event) => this.#parts.mayComeLast?.(event) === true);
		const others = isLone ? this.#gathered.splice(0) : [];
		const waiting = isLast ? [...others, ...events] : [...events, ...others];
		const refused: Event[] = [];
		const kept: Event[] = [];
		for (const event of waiting) (this.#parts.keeps(event) ? kept : refused).push(event);
		this.#gathered.unshift(...kept);
		return refused;
	}

	#resume(): void {
		this.#goOn();
		this.#stepSoon();
	}

	#end(events: readonly Event[], error: StoreError): void {
		const all = [...events, ...this.#gathered.splice(0)];
		this.#forgetTimer();
		this.#state = "ended";
		if (this.#onStopped !== undefined) this.#close();
		if (all.length > 0) this.#parts.refuse(all, error);
		this.#parts.ended(error);
	}

	#close(): void {
		this.#state = "ended";
		this.#parts.journal.close(this.#onStopped as () => void);
	}
}

function failure(thrown: unknown): StoreError {
	if (thrown instanceof StoreError) return thrown;
	return new StoreError("failed", "what is stored cannot be gone on from", { cause: thrown });
}
