import { describe, expect, it } from "vitest";
import type { View } from "../journal/journal.js";
import { MemoryDisk } from "../journal/memory-disk.js";
import { MemoryJournal } from "../journal/memory-journal.js";
import { encodeRecord } from "../journal/record.js";
import { delivery, fault, QueueBench } from "../testing/queue-bench.js";
import { inspectQueue } from "./inspect.js";

/** With calls in every state; of the dead one the input is long. */
function records(): Map<string, Uint8Array> {
	const made = new QueueBench();
	made.pull({ credit: 1 });
	made.settle(delivery(made.submit("settled").effects));
	made.settle(delivery(made.submit("again").effects), fault("internal"));
	made.settle(
		delivery(made.submit("dead", { input: "x".repeat(2_000), retry: { attempts: 1 } }).effects),
		fault("internal"),
	);
	made.settle(delivery(made.submit("redriven", { retry: { attempts: 1 } }).effects), fault("internal"));
	made.settle(delivery(made.ask({ type: "redrive", n: 4 }).effects));
	made.submit("leased");
	made.submit("waiting", { orderKey: "k" });
	made.submit("chained", { orderKey: "k" });
	made.submit("put-off", { afterMs: 1_000 });
	return new Map(made.records);
}

function viewOf(from: ReadonlyMap<string, Uint8Array>): View {
	const disk = new MemoryDisk();
	disk.store(new Map([...from].map(([key, body]) => [key, encodeRecord(key, body)])));
	return new MemoryJournal({ name: "queue", disk, maxBytes: 2 ** 20, defer: queueMicrotask }).view;
}

const inspected = (from: ReadonlyMap<string, Uint8Array>) => inspectQueue(viewOf(from), (key) => key === "f");

describe("what is in the journal of a queue", () => {
	it("is counted, and is sound", () => {
		const all = records();
		expect(inspected(all)).toEqual({
			problems: [],
			problemsFound: 0,
			records: all.size,
			calls: { waiting: 1, delayed: 2, chained: 1, leased: 1, settled: 4 },
			outcomes: 4,
			deadLetters: 1,
		});
		expect(inspected(new Map())).toMatchObject({ problems: [], records: 0 });
	});

	it("is not sound when any record is missing, damaged, or of a newer version", () => {
		const all = records();
		for (const [key, body] of all) {
			const without = new Map(all);
			without.delete(key);
			// Without its time a journal begins anew, as one that has never been written.
			if (key !== "t") expect(inspected(without).problemsFound, `without ${key}`).toBeGreaterThan(0);
			if (body.length === 0) continue;
			const newer = new Map(all).set(key, Buffer.from([9, ...body.subarray(1)]));
			expect(inspected(newer).problems[0], key).toMatch(/newer Antiphon/);
		}
		const damaged = viewOf(all);
		const view: View = {
			...damaged,
			get: (key) => damaged.get(key.startsWith("c") ? "m" : key),
		};
		expect(inspectQueue(view, () => false).problems[0]).toMatch(/is no call of a queue/);
	});

	it("is not sound when there is something that belongs to no call, or that nobody knows", () => {
		for (const kind of ["a", "b", "d", "e", "i", "k", "o", "r", "x", "z"]) {
			const all = records();
			const [key = "", body = new Uint8Array()] = [...all].find(([each]) => each.startsWith(kind)) ?? [];
			all.set(`${key.slice(0, -1)}\xff`, body);
			expect(inspected(all).problems.join(), kind).toMatch(new RegExp(`records that begin with ${kind}|dead letters`));
		}
		expect(inspected(records().set("y", Buffer.from("1"))).problems).toEqual(['nobody has written a record "y"']);
		expect(inspected(records().set("f", Buffer.from("1"))).problems).toEqual([]);
	});

	it("has more problems than are told", () => {
		const all = records();
		for (let i = 0; i < 30; i++) all.set(`y${i}`, Buffer.from("1"));
		expect(inspected(all)).toMatchObject({ problemsFound: 30, problems: { length: 20 } });
	});
});
