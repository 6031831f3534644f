import { Engine, JournalClock } from "@antiphon/delivery";

/** When a stage begins, by the wall clock: 2026-01-01, in milliseconds. */
export const BEGIN_MS = Date.UTC(2026, 0, 1);
/** Keys of any kind, which begin with a letter. */
const ALL_KEYS = ["\0", "\x7f", Number.POSITIVE_INFINITY];

/** A core on a journal, by clocks that stand still but for what is asked of them: told the same it writes the same. */
export class Stage {
	/** Why the engine has ended. */
	ended;
	#journal;
	#engine;
	#nowMs = 0;
	#soon = [];
	#timers = [];
	#released = [];
	#writing;
	#writes = 0;
	#asks = 0;

	/** @throws StoreError when what is in the journal cannot be gone on from */
	constructor(core, journal, beginMs = BEGIN_MS) {
		this.#journal = journal;
		this.#engine = new Engine({
			core,
			journal: this.#watched(journal),
			time: new JournalClock(journal.view, { monotonic: () => this.#nowMs, wall: () => beginMs + this.#nowMs }),
			clock: { after: (delayMs, action) => this.#after(delayMs, action) },
			soon: (action) => this.#soon.push(action),
			release: (effects) => this.#released.push(...effects),
			refuse: () => {},
			keeps: () => true,
			ended: (error) => {
				this.ended = error;
			},
		});
	}

	/**
	 * Plays a story, a step after the other: events, which need no `ask`, and whose `request` is the type of the effect that
	 * asked, the last one; `{ pass: 1_000 }` lets so many milliseconds pass.
	 * @param maxWrites it ends with the step that makes this number of batches full: disks are slow
	 * @returns for each step what came of it
	 */
	async play(steps, maxWrites = Number.POSITIVE_INFINITY) {
		const requests = new Map();
		const told = [];
		for (const step of steps) {
			if (this.#writes >= maxWrites) break;
			if (step.pass === undefined)
				this.#engine.take({ ...step, ask: ++this.#asks, request: requests.get(step.request) });
			const effects = step.pass === undefined ? await this.#settle() : await this.#pass(step.pass);
			for (const { type, request } of effects) requests.set(type, request);
			told.push(once(effects.map(withoutWords)));
		}
		return told;
	}

	/** The first letters of the keys that are there: what kinds of records. */
	kinds() {
		return [...new Set(this.#journal.view.keys(...ALL_KEYS).map((key) => key[0]))].sort().join("");
	}

	stop() {
		return new Promise((resolve) => this.#engine.stop(resolve));
	}

	async #pass(ms) {
		const until = this.#nowMs + ms;
		for (;;) {
			await this.#settle([]);
			const next = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
			if (next === undefined) break;
			this.#nowMs = Math.max(this.#nowMs, next.at);
			this.#timers.splice(this.#timers.indexOf(next), 1);
			next.action();
		}
		this.#nowMs = until;
		return this.#settle();
	}

	/** Until nothing is to be done now. */
	async #settle(released = this.#released) {
		while (this.#soon.length > 0 || this.#writing !== undefined) {
			this.#soon.shift()?.();
			await this.#writing;
		}
		return released.splice(0);
	}

	#after(delayMs, action) {
		const timer = { at: this.#nowMs + delayMs, action };
		this.#timers.push(timer);
		return () => {
			this.#timers = this.#timers.filter((each) => each !== timer);
		};
	}

	#watched(journal) {
		const write = (writes, done) => {
			this.#writes++;
			this.#writing = new Promise((resolve) => {
				journal.write(writes, (error) => {
					this.#writing = undefined;
					done(error);
					resolve();
				});
			});
		};
		return {
			isDurable: true,
			view: journal.view,
			usage: () => journal.usage(),
			close: (done) => journal.close(done),
			write,
		};
	}
}

/** What is asked again and again while time passes is there once, as it was first. */
function once(effects) {
	const known = new Map(effects.toReversed().map((each) => [[each.type, each.id, each.n, each.token].join(), each]));
	return effects.filter((each) => each.type === "answer" || [...known.values()].includes(each));
}

/** An effect, but for its number and what is only for people. */
function withoutWords(effect) {
	return JSON.parse(
		JSON.stringify(effect, (key, value) => (["ask", "request", "message"].includes(key) ? undefined : value)),
	);
}
