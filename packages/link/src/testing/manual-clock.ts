import type { Clock } from "../clock.js";

/** A clock that stands still until it is told to go on. */
export class ManualClock implements Clock {
	#now = 0;
	#timers: { at: number; action: () => void }[] = [];

	now(): number {
		return this.#now;
	}

	after(delayMs: number, action: () => void): () => void {
		const timer = { at: this.#now + delayMs, action };
		this.#timers.push(timer);
		return () => {
			this.#timers = this.#timers.filter((other) => other !== timer);
		};
	}

	/** How many timers are set. */
	get pending(): number {
		return this.#timers.length;
	}

	/** Goes on, running what falls due in order of time. */
	advance(ms: number): void {
		const end = this.#now + ms;
		for (;;) {
			const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
			if (next === undefined) break;
			this.#timers = this.#timers.filter((timer) => timer !== next);
			this.#now = Math.max(this.#now, next.at);
			next.action();
		}
		this.#now = end;
	}

	/** Time passes with the process stopped: what fell due runs afterwards, late. */
	sleep(ms: number): void {
		this.#now += ms;
		this.advance(0);
	}
}
