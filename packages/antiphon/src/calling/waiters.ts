import { BusError } from "@antiphon/protocol";
import { settleBy } from "../calls/settle-by.js";

/** How long somebody waits. */
export interface Patience {
	/** On the clock of `performance.now()`. */
	readonly deadlineMs: number;
	readonly signal?: AbortSignal | undefined;
}

interface Waiter<Result> {
	readonly resolve: (result: Result) => void;
	readonly reject: (error: BusError) => void;
}

/** What somebody waits for. */
export interface Question {
	/** Whether there is a bound of its own to how many of this kind wait. */
	readonly isBounded?: boolean;
	/** Puts it. @throws BusError when it cannot be put */
	begin(ask: number): void;
	/** Nobody waits for its answer any more. */
	giveUp(ask: number): void;
}

/** Those who wait for an answer, by the numbers of their questions: at most so many, each until its patience is over. */
export class Waiters<Result> {
	readonly #max: number;
	readonly #waiting = new Map<number, Waiter<Result>>();
	readonly #idle: (() => void)[] = [];
	#last = 0;

	constructor(max: number) {
		this.#max = max;
	}

	get size(): number {
		return this.#waiting.size;
	}

	/** Resolves when nobody waits. */
	whenIdle(): Promise<void> {
		return new Promise((resolve) => {
			if (this.#waiting.size === 0) resolve();
			else this.#idle.push(resolve);
		});
	}

	/** @throws BusError `overloaded` when too many wait; `deadline-exceeded` or `cancelled`, executed unknown, at the end of patience */
	async wait({ deadlineMs, signal }: Patience, question: Question): Promise<Result> {
		if (!question.isBounded && this.#waiting.size >= this.#max) {
			throw new BusError("overloaded", `${this.#max} durable calls are waited for already`, { retryAfterMs: 100 });
		}
		const ask = ++this.#last;
		const answer = new Promise<Result>((resolve, reject) => {
			this.#waiting.set(ask, { resolve, reject });
			try {
				question.begin(ask);
			} catch (error) {
				this.#take(ask);
				reject(error);
			}
		});
		try {
			return await settleBy(answer, deadlineMs, signal, "unknown");
		} finally {
			// Still there: it was the patience that ended.
			if (this.#take(ask) !== undefined) question.giveUp(ask);
		}
	}

	settle(ask: number, result: Result): void {
		this.#take(ask)?.resolve(result);
	}

	fail(ask: number, error: BusError): void {
		this.#take(ask)?.reject(error);
	}

	failAll(error: BusError): void {
		for (const ask of [...this.#waiting.keys()]) this.fail(ask, error);
	}

	#take(ask: number): Waiter<Result> | undefined {
		const waiter = this.#waiting.get(ask);
		if (waiter === undefined) return undefined;
		this.#waiting.delete(ask);
		if (this.#waiting.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
		return waiter;
	}
}
