import { describe, expect, it } from "vitest";
import type { Journal, StoreError, Write } from "./journal.js";
import { MemoryDisk } from "./memory-disk.js";
import { MemoryJournal, memoryStore } from "./memory-journal.js";

const ONE = Buffer.from("one");

/** A journal whose writes wait until they are let go. */
function held(disk = new MemoryDisk(), maxBytes = 1_000) {
	const waiting: (() => void)[] = [];
	const journal = new MemoryJournal({ name: "queue", disk, maxBytes, defer: (action) => waiting.push(action) });
	return { disk, journal, flush: () => waiting.shift()?.() };
}

const written = (journal: Journal, writes: Write[]) =>
	new Promise<StoreError | undefined>((resolve) => journal.write(writes, resolve));

describe("a journal in memory", () => {
	it("shows what is written when it is stored, not before", () => {
		const { journal, flush } = held();
		const answers: unknown[] = [];
		journal.write([["a", ONE]], (error) => answers.push(error));
		expect(journal.view.get("a")).toBeUndefined();
		expect(answers).toEqual([]);
		flush();
		expect(journal.view.get("a")).toEqual(ONE);
		expect(answers).toEqual([undefined]);
	});

	it("that ends while it writes has stored nothing of the batch", () => {
		const { disk, journal } = held();
		journal.write([["a", ONE]], () => expect.unreachable());
		expect(held(disk).journal.view.count("", "\xff")).toBe(0);
	});

	it.each<[string, unknown]>([
		["options.maxBytes must be a whole number from 1 to 9007199254740991, not -1", { maxBytes: -1 }],
		["options.maxbytes: there is no such setting; did you mean maxBytes?", { maxbytes: 1 }],
		["options must be an object, not 5", 5],
	])("is not made of what it cannot be made of: %s", (message, options) => {
		expect(() => memoryStore(options as object)).toThrow(message);
	});

	it("keeps what it was given, whatever is done to it afterwards", async () => {
		const journal = await memoryStore().open("queue");
		const body = Buffer.from("one");
		const stored = written(journal, [["a", body]]);
		body.fill(0);
		expect(await stored).toBeUndefined();
		expect(journal.view.get("a")).toEqual(ONE);
	});

	it("counts what it takes, and is as empty as before when all is deleted", () => {
		const { journal, flush } = held();
		const store = (writes: Write[]) => {
			journal.write(writes, (error) => expect(error).toBeUndefined());
			flush();
		};
		store([
			["a", ONE],
			["b", ONE],
		]);
		const { usedBytes, freeBytes } = journal.usage();
		expect(usedBytes).toBeGreaterThan(8);
		expect(usedBytes + freeBytes).toBe(1_000);
		store([["a", Buffer.alloc(3)]]);
		expect(journal.usage().usedBytes).toBe(usedBytes);
		store([
			["a", undefined],
			["b", undefined],
			["c", undefined],
		]);
		expect(journal.usage().usedBytes).toBe(0);
	});

	it("that is full to the last byte takes what comes in the place of something else, and no byte more", () => {
		const disk = new MemoryDisk();
		const { journal, flush } = held(disk);
		journal.write([["a", ONE]], () => {});
		flush();
		const full = held(disk, 2 * journal.usage().usedBytes);
		const store = (...writes: Write[]) => {
			let kind: string | undefined = "not answered";
			full.journal.write(writes, (error) => {
				kind = error?.kind;
			});
			full.flush();
			return kind;
		};
		expect(store(["b", ONE])).toBeUndefined();
		expect(full.journal.usage().freeBytes).toBe(0);
		expect(store(["c", ONE])).toBe("full");
		expect(store(["a", Buffer.alloc(3)])).toBeUndefined();
		expect(store(["a", Buffer.alloc(4)])).toBe("full");
		expect(store(["c", ONE], ["a", undefined])).toBeUndefined();
		expect(full.journal.view.keys("", "\xff", 9)).toEqual(["b", "c"]);
		// Its bound was higher once.
		const above = held(disk, 10);
		above.journal.write([["b", Buffer.alloc(2)]], (error) => expect(error).toBeUndefined());
		above.flush();
		expect(above.journal.view.get("b")).toHaveLength(2);
	});
});
