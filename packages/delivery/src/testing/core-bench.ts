import type { Core } from "../engine/core.js";
import { Overlay } from "../engine/overlay.js";
import type { Key, View, Write } from "../journal/journal.js";

/** Records in a Map, sorted for each question. */
export function viewOf(records: ReadonlyMap<Key, Uint8Array>): View {
	const within = (from: Key, to: Key) => [...records.keys()].filter((key) => key >= from && key < to).sort();
	return {
		get: (key) => records.get(key),
		keys: (from, to, limit) => within(from, to).slice(0, limit),
		count: (from, to) => within(from, to).length,
	};
}

/** A core on records in memory, stepped by hand. */
export class CoreBench<Event, Effect> {
	readonly #make: (process: number) => Core<Event, Effect>;
	/** Which one it is, from 1. */
	process = 1;
	core: Core<Event, Effect>;
	readonly records = new Map<Key, Uint8Array>();
	/** What the last step wrote. */
	writes: readonly Write[] = [];
	up = 0;
	/** How much `calendar` is ahead of `up`. */
	away = 1_000_000;

	constructor(make: (process: number) => Core<Event, Effect>) {
		this.#make = make;
		this.core = make(this.process);
		this.core.recover(viewOf(this.records), this.now);
	}

	get now() {
		return { up: this.up, calendar: this.up + this.away };
	}

	/** One step, which is stored. */
	tell(...events: Event[]): readonly Effect[] {
		const desk = new Overlay(viewOf(this.records));
		const effects = this.core.step(events, this.now, desk);
		this.writes = desk.writes;
		for (const [key, body] of desk.writes) {
			if (body === undefined) this.records.delete(key);
			else this.records.set(key, body);
		}
		return effects;
	}

	/** Lets time pass: every step that the core wants until then. */
	wait(ms: number): Effect[] {
		const until = this.up + ms;
		const effects: Effect[] = [];
		for (let i = 0; i < 100_000; i++) {
			const at = this.core.wakeUp();
			if (at === undefined || at > until) {
				this.up = until;
				return effects;
			}
			this.up = Math.max(this.up, at);
			effects.push(...this.tell());
		}
		throw new Error("the core wants to be stepped all the time");
	}

	/** One step that finds no room: nothing of it is stored, and nothing happens. */
	fail(...events: Event[]): void {
		this.core.step(events, this.now, new Overlay(viewOf(this.records)));
		this.core.recover(viewOf(this.records), this.now);
	}

	/** The process ends, and another one begins. */
	restart(awayMs = 0): void {
		this.away += awayMs;
		this.process++;
		this.core = this.make();
	}

	/** Another core of the same process on what is stored. */
	make(): Core<Event, Effect> {
		const core = this.#make(this.process);
		core.recover(viewOf(this.records), this.now);
		return core;
	}

	/** What a core would do about something, without anything of it being stored. The core is of no use afterwards. */
	probe(core: Core<Event, Effect>, ...events: Event[]): readonly Effect[] {
		return core.step(events, this.now, new Overlay(viewOf(this.records)));
	}
}
