import { type Journal, memoryStore, type Write } from "@antiphon/delivery";
import { describe, expect, it } from "vitest";
import { checkStore } from "./check-store.js";

const close = (journal: Journal) => new Promise<void>((resolve) => journal.close(resolve));

describe("looking at what a domain keeps", () => {
	it("finds nothing wrong with nothing, and what nobody has written", async () => {
		const store = memoryStore();
		expect(await checkStore(store)).toMatchObject({ problems: [], records: 0, deadLetters: 0, usedBytes: 0 });
		const journal = await store.open("queue");
		const writes: Write[] = [
			["fdictionary 1", Buffer.from('\x01{"service":"dictionary","version":"1.0.0","functions":[]}')],
			["fdictionary 2", Buffer.from("\x02{}")],
			["q", Buffer.from("\x01")],
		];
		expect(await new Promise((resolve) => journal.write(writes, resolve))).toBeUndefined();
		await close(journal);
		const { problems, records } = await checkStore(store);
		expect({ problems, records }).toEqual({
			problems: [
				expect.stringMatching(/^what is known of functions was written by a newer Antiphon/),
				'nobody has written a record "q"',
			],
			records: 3,
		});
	});

	it("says that a domain runs with it", async () => {
		const store = memoryStore();
		const journal = await store.open("queue");
		await expect(checkStore(store)).rejects.toMatchObject({
			code: "unavailable",
			message: expect.stringMatching(/^memory cannot be looked at while a domain runs with it: stop that first/),
		});
		await close(journal);
		expect(await checkStore(store)).toMatchObject({ problems: [] });
	});

	it("says why it cannot be opened", async () => {
		const open = () => Promise.reject(new Error("it is on the moon"));
		await expect(checkStore({ kind: "far", isDurable: true, open })).rejects.toMatchObject({
			code: "internal",
			message: expect.stringContaining("far cannot be looked at"),
		});
	});
});
