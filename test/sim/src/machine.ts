import type { Random } from "./random.js";
import type { Schedule } from "./schedule.js";

/** Time and timers, as what runs on a machine sees them. */
export interface Clock {
	/** Milliseconds since some moment. Never goes back. */
	now(): number;
	after(delayMs: number, action: () => void): () => void;
}

/** One run of a program on a machine, from its start to its end. */
export interface Process {
	readonly number: number;
	/** Once it is over nothing that it asks for happens any more: nothing is sent, written or remembered of it. */
	isOver: boolean;
	readonly clock: Clock;
	/** Milliseconds since 1970, as the clock on the wall has them. */
	wall(): number;
	/** Lets something come to it: at once, when it goes on if it stands still, never if it is over. */
	run(action: () => void): void;
	/** Before each thing that it does to the world. @returns whether it lives to do it */
	acts(): boolean;
}

const EPOCH = Date.UTC(2026, 0, 1);

/** A computer: its clocks, and the one process that this world lets it run at a time. */
export class Machine {
	readonly name: string;
	readonly #schedule: Schedule;
	/** How fast its clock is: 1 for a true one. */
	readonly #rate: number;
	#wallSkewMs: number;
	#processes = 0;
	#process: Process | undefined;
	#frozenUntil = 0;
	/** What came while it stood still. */
	#backlog: (() => void)[] = [];
	/** How much more the process may do before it dies, where that is decided. */
	#fuse: number | undefined;
	#onDeath: () => void = () => {};

	constructor(name: string, schedule: Schedule, random: Random, drift: number) {
		this.name = name;
		this.#schedule = schedule;
		this.#rate = 1 + drift * (2 * random.fraction() - 1);
		this.#wallSkewMs = drift === 0 ? 0 : random.between(-2_000, 2_000);
	}

	get process(): Process | undefined {
		return this.#process;
	}

	get isFrozen(): boolean {
		return this.#frozenUntil > this.#schedule.now;
	}

	/** @param onDeath what is to be done when it dies of its fuse */
	start(onDeath: () => void): Process {
		if (this.#process !== undefined) throw new Error(`${this.name} runs already`);
		const clock: Clock = {
			now: () => this.#schedule.now * this.#rate + 1_000 * process.number,
			after: (delayMs, action) => this.#schedule.after(Math.max(0, delayMs) / this.#rate, () => process.run(action)),
		};
		const process: Process = {
			number: ++this.#processes,
			isOver: false,
			clock,
			wall: () => EPOCH + Math.round(this.#schedule.now * this.#rate + this.#wallSkewMs),
			run: (action) => this.#run(process, action),
			acts: () => this.#acts(process),
		};
		this.#process = process;
		this.#onDeath = onDeath;
		return process;
	}

	/** Ends the process at once. */
	kill(): void {
		if (this.#process === undefined) return;
		this.#process.isOver = true;
		this.#process = undefined;
		this.#backlog = [];
		this.#fuse = undefined;
		this.#frozenUntil = 0;
	}

	/** Ends the process when it has done so much more: in the middle of what it does then. */
	killAfter(acts: number): void {
		if (this.#process !== undefined) this.#fuse = acts;
	}

	/** It does not die after all. */
	spare(): void {
		this.#fuse = undefined;
	}

	/** SIGSTOP, and SIGCONT later: its clocks go on and what comes waits. */
	freeze(durationMs: number): void {
		if (this.#process === undefined) return;
		this.#frozenUntil = Math.max(this.#frozenUntil, this.#schedule.now + durationMs);
		this.#schedule.at(this.#frozenUntil, () => this.#thaw());
	}

	/** Goes on, if it stands still. */
	thaw(): void {
		this.#frozenUntil = 0;
		this.#thaw();
	}

	/** Somebody sets the clock on the wall. */
	jump(byMs: number): void {
		this.#wallSkewMs += byMs;
	}

	#run(process: Process, action: () => void): void {
		if (process.isOver) return;
		if (this.isFrozen) this.#backlog.push(() => this.#run(process, action));
		else action();
	}

	#thaw(): void {
		if (this.isFrozen) return;
		const backlog = this.#backlog;
		this.#backlog = [];
		for (const action of backlog) this.#schedule.after(0, action);
	}

	#acts(process: Process): boolean {
		if (process.isOver) return false;
		if (this.#fuse === undefined) return true;
		if (this.#fuse-- > 0) return true;
		this.kill();
		this.#onDeath();
		return false;
	}
}
