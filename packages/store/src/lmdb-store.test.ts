import { createHash } from "node:crypto";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Journal, StoreError, Write } from "@antiphon/delivery";
import { describe, expect, it } from "vitest";
import { laxFlags, openEnvironment } from "./environment.js";
import { lmdbStore } from "./lmdb-store.js";
import { child } from "./testing/child.js";
import { place } from "./testing/place.js";

const ONE = Buffer.from("1");
const hashOf = (text: string) => createHash("sha256").update(text).digest("binary").slice(0, 16);
const write = (journal: Journal, writes: Write[]) =>
	new Promise<StoreError | undefined>((resolve) => journal.write(writes, resolve));
const close = (journal: Journal) => new Promise<void>((resolve) => journal.close(resolve));

describe("a store of LMDB files", () => {
	it("makes its folder for this user only, and keeps each journal in a file of its own", async () => {
		// From where the process is, as people write it.
		const folder = relative(process.cwd(), join(place(), "state", "domain"));
		const store = lmdbStore(folder);
		expect(store).toMatchObject({ kind: `lmdb at ${folder}`, isDurable: true });
		const [queue, inbox] = [await store.open("queue"), await store.open("inbox")];
		expect(await Promise.all([write(queue, [["a", ONE]]), write(inbox, [["b", ONE]])])).toEqual([undefined, undefined]);
		expect(queue.isDurable).toBe(true);
		expect(queue.view.keys("a", "z", 9)).toEqual(["a"]);
		expect(inbox.view.keys("a", "z", 9)).toEqual(["b"]);
		expect(statSync(folder).mode & 0o777).toBe(0o700);
		expect(statSync(join(folder, "queue.mdb")).mode & 0o777).toBe(0o600);
		await Promise.all([close(queue), close(inbox)]);
		await expect(store.open("../queue")).rejects.toThrow(TypeError);
	});

	it("is opened with nothing that lets a commit come back before it is flushed", async () => {
		const { root } = openEnvironment(join(place(), "queue.mdb"), 1024 * 1024);
		expect(laxFlags(root)).toEqual([]);
		await root.close();
	});

	it("says what it cannot open", async () => {
		const folder = place();
		writeFileSync(join(folder, "queue.mdb"), "what is in no database".repeat(1_000));
		await expect(lmdbStore(folder).open("queue")).rejects.toMatchObject({
			kind: "failed",
			message: expect.stringContaining(join(folder, "queue.mdb")),
		});
		writeFileSync(join(folder, "file"), "");
		await expect(lmdbStore(join(folder, "file")).open("queue")).rejects.toMatchObject({ kind: "failed" });
		mkdirSync(join(folder, "inbox.mdb"));
		await expect(lmdbStore(folder).open("inbox")).rejects.toMatchObject({ kind: "failed" });
	});

	it.each<[string, unknown[]]>([
		['a store needs a folder, such as lmdbStore("./state"), not ""', [""]],
		['a store needs a folder, such as lmdbStore("./state"), not 5', [5]],
		["a store needs a folder", []],
		["options.maxBytes must be a whole number from 1 to 9007199254740991, not -1", ["x", { maxBytes: -1 }]],
		["options.reserveBytes must be a whole number from 0 to 9007199254740991", ["x", { reserveBytes: 1e18 }]],
		["options.maxbytes: there is no such setting; did you mean maxBytes?", ["x", { maxbytes: 1 }]],
		["options must be an object, not 8", ["x", 8]],
	])("is not made of what it cannot be made of: %s", (message, args) => {
		expect(() => lmdbStore(...(args as Parameters<typeof lmdbStore>))).toThrow(message);
	});

	it("keeps off the part of the disk that is reserved", async () => {
		const store = lmdbStore(place(), { reserveBytes: 2 ** 50 });
		const journal = await store.open("queue");
		expect(journal.usage().freeBytes).toBeLessThan(1024 * 1024);
		// What has been accepted may be written there all the same.
		expect(await write(journal, [["a", Buffer.alloc(1_000_000)]])).toBeUndefined();
		await close(journal);
	});

	it("has files that are not longer than they may be, whatever comes at once, and goes on with less when it is full", async () => {
		const folder = place();
		const maxBytes = 6 * 1024 * 1024;
		const journal = await lmdbStore(folder, { maxBytes, reserveBytes: 0 }).open("queue");
		const length = () => statSync(join(folder, "queue.mdb")).size;
		let keys: string[] = [];
		let n = 0;
		/** Records anywhere in the tree, as hashes are. */
		const put = async (count: number) => {
			const batch = Array.from({ length: count }, () => hashOf(String(n++)));
			const error = await write(
				journal,
				batch.map((key) => [key, Buffer.alloc(300)]),
			);
			if (error === undefined) keys = [...keys, ...batch];
			expect(length()).toBeLessThanOrEqual(maxBytes);
			return error?.kind;
		};
		while ((await put(1_000)) === undefined);
		expect(keys.length).toBeGreaterThan(1_000);
		let small = 0;
		while ((await put(50)) === undefined) small++;
		expect(small).toBeGreaterThan(10);
		expect(journal.usage().usedBytes).toBeGreaterThan(0.6 * maxBytes);
		while (keys.length > 0) {
			const gone = keys.splice(0, 50).map((key): Write => [key, undefined]);
			expect(await write(journal, gone)).toBeUndefined();
			expect(length()).toBeLessThanOrEqual(maxBytes);
		}
		expect(await put(1_000)).toBeUndefined();
		await close(journal);
	});

	it("is not opened while another process has it, and is when that has been killed, with all that it has stored", async () => {
		const folder = place();
		const other = child(
			`const store = lmdbStore(folder);
			const closed = await store.open("inbox");
			await new Promise((resolve) => closed.close(resolve));
			const journal = await store.open("queue");
			journal.write([["a", Buffer.from("1")]], say);
			setInterval(() => {}, 1_000);`,
			folder,
		);
		await other.said();
		await expect(lmdbStore(folder).open("queue")).rejects.toMatchObject({
			kind: "lost",
			message: expect.stringContaining(`in the process ${other.pid}`),
		});
		// What it has closed is anybody's.
		await close(await lmdbStore(folder).open("inbox"));
		await other.kill();
		const journal = await lmdbStore(folder).open("queue");
		expect(journal.view.keys("a", "z", 9)).toEqual(["a"]);
		await close(journal);
	});

	it.each([1_500, 9_000])("goes on when the disk is full, with records of %d bytes", async (length) => {
		const folder = place();
		const other = child(
			`const store = lmdbStore(folder);
			let journal = await store.open("queue");
			const write = (writes) => new Promise((resolve) => journal.write(writes, (error) => resolve(error?.kind)));
			const keys = () => journal.view.keys("k", "l", Infinity);
			const batch = (n) => [0, 1, 2, 3].map((i) => ["k" + n + "-" + i, Buffer.alloc(${length})]);
			let n = 0;
			let kind;
			while (kind === undefined && n < 1_000) kind = await write(batch(n++));
			say([n > 5 && n < 1_000, kind, keys().length === (n - 1) * 4]);
			const half = keys().slice(0, 2 * n);
			const answers = new Set();
			while (half.length > 0) answers.add(await write(half.splice(0, 4).map((key) => [key, undefined])));
			const left = keys().length;
			answers.add(await write(batch(n)));
			say([...answers, keys().length === left + 4]);
			await new Promise((resolve) => journal.close(resolve));
			journal = await store.open("queue");
			say(keys().length === left + 4);
			await new Promise((resolve) => journal.close(resolve));`,
			folder,
			{ maxFileBytes: 4 * 1024 * 1024 },
		);
		expect(await other.said()).toEqual([true, "full", true]);
		expect(await other.said()).toEqual([null, true]);
		expect(await other.said()).toBe(true);
	});
});
