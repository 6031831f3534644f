import { expect, it } from "vitest";
import { Overlay } from "../engine/overlay.js";
import { encodeBatch } from "../journal/batch.js";
import type { View } from "../journal/journal.js";
import { MemoryDisk } from "../journal/memory-disk.js";
import { fits, REPLY, submitOf } from "../testing/queue-bench.js";
import { Queue } from "./queue.js";
import type { DeliverEffect, PullEvent, QueueEffect, SettleEvent, SubmitEvent } from "./queue-events.js";
import { HEADS } from "./queue-record.js";

/** Maps and Sets that are gone through from their beginning: what has been deleted is gone through, too. */
const TABLES = [
	[Map.prototype, "entries"],
	[Map.prototype, "keys"],
	[Map.prototype, "values"],
	[Map.prototype, Symbol.iterator],
	[Set.prototype, "values"],
	[Set.prototype, Symbol.iterator],
] as const;

/** How many entries there are in the tables of which an action begins to go through one. */
function entriesIn(action: () => void): number {
	let entries = 0;
	const before = TABLES.map(([prototype, name]) => [prototype, name, Reflect.get(prototype, name)] as const);
	for (const [prototype, name, begin] of before) {
		Reflect.set(prototype, name, function (this: ReadonlySet<unknown>) {
			entries += this.size;
			return begin.call(this);
		});
	}
	try {
		action();
	} finally {
		for (const [prototype, name, begin] of before) Reflect.set(prototype, name, begin);
	}
	return entries;
}

const FEW = 200;
const MANY = 2_000;
/** Whose steps are counted. */
const CALLS = 100;
const WORKER = { service: "dictionary", instance: "w", node: "worker@example.org/a", version: "1.1.0" };

type Asked = Omit<PullEvent, "ask"> | Omit<SettleEvent, "ask"> | Omit<SubmitEvent, "ask">;

/** What a call says of itself. */
type Way = (i: number, depth: number) => { readonly sender: string; readonly version?: string };

const manySenders: Way = (i, depth) => ({ sender: `caller-${i % (depth / 10)}@example.org` });

/** A queue in which so many calls wait, of a tenth as many senders if nothing else is said, and who waits for half of them is told. */
function queueOf(depth: number, way = manySenders) {
	const disk = new MemoryDisk();
	const steps = { reads: 0, keys: 0, heads: 0 };
	const view: View = {
		get(key) {
			steps.reads++;
			if (key.startsWith(HEADS)) steps.heads++;
			return disk.get(key)?.subarray(5);
		},
		keys(from, to, limit) {
			const found = disk.keys(from, to, limit);
			steps.reads++;
			steps.keys += found.length;
			return found;
		},
		count: (from, to) => disk.count(from, to),
	};
	const queue = new Queue({ fault: (code) => code, fits, limits: { waiters: depth / 2, lanesPerSender: 2 * depth } });
	const now = { up: 0, calendar: 0 };
	let asks = 0;
	/** What has been given out. */
	const given: DeliverEffect[] = [];
	const tell = (events: readonly Asked[]): readonly QueueEffect[] => {
		const desk = new Overlay(view);
		const told = events.map((event) => ({ ...event, ask: ++asks }));
		const effects = queue.step(told, now, desk);
		steps.keys += desk.writes.length;
		disk.store(encodeBatch(desk.writes));
		given.push(...effects.filter((effect) => effect.type === "deliver"));
		return effects;
	};
	const submits = (from: number, count: number) =>
		Array.from({ length: count }, (_, i) => {
			const how = way(from + i, depth);
			return submitOf(`i${from + i}`, { ...how, notify: `${how.sender}/x` });
		});
	queue.recover(view, now);
	for (let i = 0; i < depth; i += FEW) tell(submits(i, FEW));
	return {
		tell,
		given,
		submits: (count: number) => submits(depth, count),
		/** The steps of an action: records and keys that are read or written, and entries of tables. */
		stepsOf(action: () => void) {
			Object.assign(steps, { reads: 0, keys: 0 });
			return entriesIn(action) + steps.reads + steps.keys;
		},
		/** How many calls an action reads. */
		headsOf(action: () => void) {
			steps.heads = 0;
			action();
			return steps.heads;
		},
	};
}

/** An instance takes so many calls, and answers them. @param number that of its next pull */
function drain({ tell }: ReturnType<typeof queueOf>, credit: number, number: number): void {
	const pull = { type: "pull", ...WORKER, session: "s", inbox: "memory" } as const;
	const given = tell([{ ...pull, credit, number, held: [] }]).filter((effect) => effect.type === "deliver");
	expect(given).toHaveLength(credit);
	tell([{ ...pull, credit: 0, number: number + 1, held: given }]);
	tell(given.map(({ n, token }) => ({ type: "settle", from: "worker@example.org", n, token, outcome: REPLY })));
}

it("To accept a call takes as many steps whether few wait or many, and are to be told", () => {
	const [few, many] = [FEW, MANY].map((depth) => {
		const queue = queueOf(depth);
		const submits = queue.submits(CALLS);
		return queue.stepsOf(() => {
			for (const each of submits) queue.tell([each]);
		});
	}) as [number, number];
	expect(many / few).toBeLessThan(1.2);
});

it("To give one out and to settle it does, too, in however many lanes they wait", () => {
	const [few, many] = [FEW, MANY].map((depth) => {
		const queue = queueOf(depth);
		return queue.stepsOf(() => {
			for (let i = 0; i < CALLS / 10; i++) drain(queue, 10, 1 + 2 * i);
		});
	}) as [number, number];
	expect(many / few).toBeLessThan(1.2);
});

it.each([
	["that are served", "1.0"],
	["that nobody serves", "1.9"],
])("All of it does, too, in however many versions %s one account calls", (_, minor) => {
	const [few, many] = [FEW, MANY].map((depth) => {
		const queue = queueOf(depth, (i) =>
			i < depth ? { sender: "many@example.org", version: `${minor}.${i}` } : { sender: "few@example.org" },
		);
		const submits = queue.submits(CALLS);
		const steps = queue.stepsOf(() => {
			for (const each of submits) queue.tell([each]);
			for (let i = 0; i < CALLS / 10; i++) drain(queue, 10, 1 + 2 * i);
		});
		const ofFew = queue.given.filter(({ sender }) => sender === "few@example.org").length;
		expect(ofFew).toBe(minor === "1.0" ? CALLS / 2 : CALLS);
		return steps;
	}) as [number, number];
	expect(many / few).toBeLessThan(1.2);
});

it("No call is read that waits while nobody has room", () => {
	const queue = queueOf(FEW);
	const pull = { type: "pull", ...WORKER, session: "s", inbox: "memory", credit: 10 } as const;
	expect(queue.headsOf(() => queue.tell([{ ...pull, number: 1, held: [] }]))).toBe(10);
	const [submit] = queue.submits(1) as [Omit<SubmitEvent, "ask">];
	expect(queue.headsOf(() => queue.tell([submit]))).toBe(0);
	expect(queue.headsOf(() => queue.tell([{ ...pull, number: 2, held: queue.given }]))).toBe(0);
});
