import { describe, expect, it } from "vitest";
import { type Journal, StoreError, type View, type Write } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";
import type { Core, Desk } from "./core.js";
import { Engine } from "./engine.js";

/** A journal whose writes end when the test says so. */
class HeldJournal implements Journal {
	readonly isDurable = false;
	readonly records = new Map<string, Uint8Array>();
	readonly batches: (readonly Write[])[] = [];
	isClosed = false;
	#done: ((error?: StoreError) => void) | undefined;

	readonly view: View = {
		get: (key) => this.records.get(key),
		keys: (from, to, limit) =>
			[...this.records.keys()]
				.filter((key) => key >= from && key < to)
				.sort()
				.slice(0, limit),
		count: (from, to) => this.view.keys(from, to, Number.POSITIVE_INFINITY).length,
	};

	write(writes: readonly Write[], done: (error?: StoreError) => void): void {
		expect(this.#done, "one write at a time").toBeUndefined();
		this.batches.push(writes);
		this.#done = done;
	}

	/** The write that is under way is over. */
	finish(error?: StoreError): void {
		const done = this.#done;
		this.#done = undefined;
		if (error === undefined) {
			for (const [key, body] of this.batches.at(-1) ?? []) {
				if (body === undefined) this.records.delete(key);
				else this.records.set(key, body);
			}
		}
		done?.(error);
	}

	usage() {
		return { usedBytes: 0, freeBytes: 0 };
	}

	close(done: () => void): void {
		this.isClosed = true;
		done();
	}
}

/** Keeps words, says how many there are. `?` only asks. */
class Words implements Core<string, string> {
	count = 0;
	wakeAt: number | undefined;
	recovered = 0;
	readonly steps: (readonly string[])[] = [];

	step(events: readonly string[], now: JournalTime, desk: Desk): string[] {
		this.steps.push(events);
		if (this.wakeAt !== undefined && this.wakeAt <= now.up) this.wakeAt = undefined;
		return events.map((event) => {
			if (event === "!") throw new Error("a damaged record");
			if (event !== "?") desk.put(`w${++this.count}`, Buffer.from(event));
			return `${event}${this.count}`;
		});
	}

	wakeUp(): number | undefined {
		return this.wakeAt;
	}

	recover(view: View): void {
		this.recovered++;
		this.count = view.count("w", "x");
	}
}

function world(options: { readonly maxGathered?: number } = {}) {
	const core = new Words();
	const journal = new HeldJournal();
	const said: string[] = [];
	let up = 0;
	let timers: { readonly at: number; readonly action: () => void }[] = [];
	const after = (delayMs: number, action: () => void) => {
		const timer = { at: up + delayMs, action };
		timers.push(timer);
		return () => {
			timers = timers.filter((other) => other !== timer);
		};
	};
	/** Lets time go on, timer for timer. */
	const pass = (ms: number) => {
		const end = up + ms;
		for (;;) {
			const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
			if (next === undefined) break;
			timers = timers.filter((other) => other !== next);
			up = Math.max(up, next.at);
			next.action();
		}
		up = end;
	};
	const engine = new Engine<string, string>({
		core,
		journal,
		time: { now: () => ({ up, calendar: up }), write: (now) => ["t", Buffer.from(`${now.up}`)] },
		clock: { after },
		soon: (action) => after(0, action),
		release: (effects) => said.push(...effects),
		refuse: (events, error) => said.push(`${error.kind} ${events.join(" ")}`),
		keeps: (event) => event.startsWith("keep"),
		mayComeLast: (event) => event.includes("large"),
		ended: (error) => said.push(`ended ${error.kind}`),
		...options,
	});
	pass(0);
	return { core, journal, engine, said, pass, timers: () => timers.map(({ at }) => at - up) };
}

describe("between a core and the world", () => {
	it("nothing is released before it is stored", () => {
		const { engine, journal, said, pass } = world();
		engine.take("a");
		pass(0);
		expect(journal.batches).toHaveLength(1);
		expect(said).toEqual([]);
		journal.finish();
		expect(said).toEqual(["a1"]);
	});

	it("what only asks is answered without a write, and after what was stored before", () => {
		const { engine, journal, said, pass } = world();
		engine.take("?");
		pass(0);
		expect(said).toEqual(["?0"]);
		engine.take("a");
		pass(0);
		engine.take("?");
		pass(0);
		expect(said).toEqual(["?0"]);
		journal.finish();
		pass(0);
		expect(said).toEqual(["?0", "a1", "?1"]);
	});

	it("what comes in one turn, and while a batch is being written, is decided and written together", () => {
		const { engine, journal, core, pass } = world();
		engine.take("a");
		engine.take("b");
		pass(0);
		for (const event of ["c", "d", "e"]) engine.take(event);
		pass(0);
		journal.finish();
		pass(0);
		expect(core.steps.filter(({ length }) => length > 0)).toEqual([
			["a", "b"],
			["c", "d", "e"],
		]);
		expect(journal.batches[1]?.map(([key]) => key)).toEqual(["w3", "w4", "w5", "t"]);
	});

	it("every batch has the time in it that it was decided at", () => {
		const { engine, journal, pass } = world();
		pass(70);
		engine.take("a");
		pass(0);
		expect(journal.batches[0]?.at(-1)).toEqual(["t", Buffer.from("70")]);
	});

	it("no more is gathered than it may be, and no more than 512 are decided together", () => {
		const { engine, journal, core, pass } = world({ maxGathered: 600 });
		engine.take("first");
		pass(0);
		const taken = Array.from({ length: 601 }, (_, i) => engine.take(`e${i}`));
		expect(taken.filter((isTaken) => isTaken)).toHaveLength(600);
		expect(taken.at(-1)).toBe(false);
		journal.finish();
		pass(0);
		journal.finish();
		pass(0);
		expect(core.steps.slice(-2).map(({ length }) => length)).toEqual([512, 88]);
	});

	it("what nobody says again has a place, in its order, where nothing more may be asked", () => {
		const { engine, journal, core, pass } = world({ maxGathered: 2 });
		engine.take("first");
		pass(0);
		expect(["a", "b", "c"].map((event) => engine.take(event))).toEqual([true, true, false]);
		expect(["told", "more"].map((event) => engine.tell(event))).toEqual([true, true]);
		expect(engine.take("d")).toBe(false);
		journal.finish();
		pass(0);
		expect(core.steps.at(-1)).toEqual(["a", "b", "told", "more"]);
	});

	it("what is told beyond all that may run is not taken", () => {
		const { engine } = world();
		let told = 0;
		while (told < 200_000 && engine.tell("?")) told++;
		expect(told).toBe(131_072);
	});

	it("a core is stepped when it wants to be, though nothing comes", () => {
		const { engine, journal, core, pass, timers } = world();
		core.wakeAt = 500;
		engine.take("a");
		pass(0);
		journal.finish();
		const before = core.steps.length;
		pass(499);
		expect(core.steps).toHaveLength(before);
		pass(1);
		expect(core.steps).toHaveLength(before + 1);
		expect(timers()).toEqual([]);
	});

	it("a time that is weeks away is waited for in parts", () => {
		const { engine, core, pass, timers } = world();
		core.wakeAt = 30 * 86_400_000;
		engine.take("?");
		pass(0);
		expect(timers()).toEqual([3_600_000]);
		pass(3_600_000);
		expect(timers()).toEqual([3_600_000]);
	});
});

describe("a batch that was not stored", () => {
	it("for want of room is forgotten by the core and refused, but for what is to be kept; that is decided again", () => {
		const { engine, journal, core, said, pass } = world();
		engine.take("a");
		engine.take("keep");
		pass(0);
		journal.finish(new StoreError("full", "no room"));
		expect(said).toEqual(["full a"]);
		expect(core.recovered).toBe(2);
		expect(core.count).toBe(0);
		engine.take("b");
		pass(999);
		expect(journal.batches).toHaveLength(1);
		pass(1);
		// Fewer at a time, as that may fit.
		expect(core.steps.at(-1)).toEqual(["keep"]);
		journal.finish();
		pass(0);
		journal.finish();
		expect(said).toEqual(["full a", "keep1", "b2"]);
	});

	it("for want of room does not keep others waiting: who is kept for later comes last, who is not hears of it", () => {
		const { engine, journal, said, pass } = world();
		const noRoom = () => journal.finish(new StoreError("full", "no room"));
		engine.take("keep large");
		pass(0);
		for (const event of ["a", "keep small", "b"]) engine.take(event);
		noRoom();
		expect(said).toEqual(["full a b"]);
		engine.take("c");
		pass(1_000);
		expect(journal.batches.at(-1)?.map(([, body]) => String(body))).toEqual(["keep small", expect.any(String)]);
		journal.finish();
		expect(said).toEqual(["full a b", "keep small1"]);
		pass(0);
		// There was some room, so more is decided together again.
		noRoom();
		expect(said.at(-1)).toBe("full c");
		pass(1_000);
		journal.finish();
		expect(said.at(-1)).toBe("keep large2");
	});

	it("for want of room leaves those that are kept in their order, unless one may come last", () => {
		const { engine, journal, said, pass } = world();
		engine.take("keep tight");
		pass(0);
		for (const event of ["a", "keep roomy"]) engine.take(event);
		journal.finish(new StoreError("full", "no room"));
		pass(1_000);
		journal.finish();
		pass(0);
		journal.finish();
		expect(said).toEqual(["full a", "keep tight1", "keep roomy2"]);
	});

	it("for a broken disk ends everything: what came is refused, nothing more is taken", () => {
		const { engine, journal, said, pass } = world();
		engine.take("a");
		pass(0);
		engine.take("b");
		journal.finish(new StoreError("failed", "broken"));
		expect(said).toEqual(["failed a b", "ended failed"]);
		expect(engine.take("c")).toBe(false);
		pass(10_000);
		expect(journal.batches).toHaveLength(1);
	});

	it("for another owner does, too", () => {
		const { engine, journal, said, pass } = world();
		engine.take("keep");
		pass(0);
		journal.finish(new StoreError("lost", "taken"));
		expect(said).toEqual(["lost keep", "ended lost"]);
	});

	it("because nobody says whether it was, for 30 s: then it counts as failed, whatever is said later", () => {
		const { engine, journal, said, pass } = world();
		engine.take("a");
		pass(0);
		pass(29_999);
		expect(said).toEqual([]);
		pass(1);
		expect(said).toEqual(["failed a", "ended failed"]);
		journal.finish();
		expect(said).toHaveLength(2);
	});

	it("because the core cannot read what is stored", () => {
		const { engine, journal, said, pass } = world();
		engine.take("!");
		pass(0);
		expect(said).toEqual(["failed !", "ended failed"]);
		expect(journal.batches).toEqual([]);
	});
});

describe("stopping", () => {
	it("decides about what was taken, stores it and closes the journal", () => {
		const { engine, journal, said, pass, timers } = world();
		engine.take("a");
		pass(0);
		engine.take("b");
		engine.stop(() => said.push("stopped"));
		expect([engine.take("c"), engine.tell("d")]).toEqual([false, false]);
		journal.finish();
		pass(0);
		expect(journal.isClosed).toBe(false);
		journal.finish();
		pass(0);
		expect(said).toEqual(["a1", "b2", "stopped"]);
		expect(timers()).toEqual([]);
	});

	it("of an engine that is idle, or has failed, closes the journal at once", () => {
		for (const fails of [false, true]) {
			const { engine, journal, said, pass } = world();
			engine.take(fails ? "!" : "?");
			pass(0);
			said.length = 0;
			engine.stop(() => said.push("stopped"));
			expect(said).toEqual(["stopped"]);
			expect(journal.isClosed).toBe(true);
		}
	});

	it("does not wait for room", () => {
		const { engine, journal, said, pass } = world();
		engine.take("keep");
		pass(0);
		engine.take("b");
		engine.stop(() => said.push("stopped"));
		journal.finish(new StoreError("full", "no room"));
		expect(said).toContain("full keep b");
		expect(said).toContain("stopped");
	});
});
