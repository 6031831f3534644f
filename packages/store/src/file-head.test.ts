import { closeSync, openSync, readFileSync, statSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Journal, Write } from "@antiphon/delivery";
import { expect, it } from "vitest";
import { checkFileHead } from "./file-head.js";
import { lmdbStore } from "./lmdb-store.js";
import { META_BYTES } from "./meta-page.js";
import { place } from "./testing/place.js";

const PAGE = 4_096;
const LAST_PAGE_AT = 144;
const BATCH_AT = 152;
const OPTIONS = { maxBytes: 8 * 1024 * 1024 };

const numberAt = (bytes: Buffer, at: number) => Number(bytes.readBigUInt64LE(at));
const write = (journal: Journal, writes: Write[]) => new Promise<unknown>((resolve) => journal.write(writes, resolve));

/** A journal with some records that has been closed. */
async function closedJournal() {
	const folder = place();
	const journal = await lmdbStore(folder, OPTIONS).open("queue");
	for (let batch = 0; batch < 20; batch++) {
		const writes = Array.from({ length: 40 }, (_, i): Write => [`k${batch}-${i}`, Buffer.alloc(300)]);
		expect(await write(journal, writes)).toBeUndefined();
	}
	await new Promise<void>((resolve) => journal.close(resolve));
	const file = join(folder, "queue.mdb");
	const bytes = readFileSync(file);
	const newest = numberAt(bytes, BATCH_AT) > numberAt(bytes, PAGE + BATCH_AT) ? 0 : PAGE;
	return { folder, file, bytes, newest, pages: numberAt(bytes, newest + LAST_PAGE_AT) + 1 };
}

it("A file is whole while the last page that its newer head names is there: what is behind that was never used", async () => {
	const { folder, file, bytes, pages } = await closedJournal();
	expect(bytes.length).toBeGreaterThan(pages * PAGE);
	checkFileHead(file);
	truncateSync(file, pages * PAGE);
	const journal = await lmdbStore(folder, OPTIONS).open("queue");
	expect(journal.view.keys("k", "l", Number.POSITIVE_INFINITY)).toHaveLength(800);
	await new Promise<void>((resolve) => journal.close(resolve));
	// A few that were given back at once are not written.
	truncateSync(file, (pages - 16) * PAGE);
	expect(messageOf(() => checkFileHead(file))).toBeUndefined();
});

it.each([
	["to two pages", () => 2],
	["to half of what is in it", (pages: number) => Math.floor(pages / 2)],
	["so that more is missing than may not have been written", (pages: number) => pages - 17],
])("A file that has been cut off %s is refused, with how long it should be", async (_, left) => {
	const { file, pages } = await closedJournal();
	truncateSync(file, left(pages) * PAGE);
	expect(messageOf(() => checkFileHead(file))).toMatch(
		new RegExp(`cut off.* it has ${left(pages)} pages, and should have ${pages}$`),
	);
});

it("A file of which a bit is wrong where its head tells of the pages is refused, and does not grow", async () => {
	const { folder, file, bytes, newest } = await closedJournal();
	const handle = openSync(file, "r+");
	const flip = (bit: number) => {
		const at = bit >> 3;
		const byte = (bytes[newest + at] as number) ^ (1 << (bit & 7));
		writeSync(handle, Buffer.of(byte), 0, 1, newest + at);
		return { at, undo: () => writeSync(handle, bytes, newest + at, 1, newest + at) };
	};
	const refused = new Map<number, number>();
	for (let bit = 0; bit < META_BYTES * 8; bit++) {
		const { at, undo } = flip(bit);
		const isRefused = messageOf(() => checkFileHead(file)) !== undefined;
		if (isRefused) refused.set(at, (refused.get(at) ?? 0) + 1);
		undo();
	}
	const entire = [...refused].filter(([, bits]) => bits === 8).map(([at]) => at);
	// The magic number, the version, the size of pages; depth and branches of the trees; and the batch.
	const whole = [
		[24, 32],
		[48, 52],
		[54, 64],
		[102, 112],
		[152, 160],
	] as const;
	// Leaves, pages of large records, entries and roots of both trees, the last page: but for low bits, that a sum does not show.
	const numbers = [64, 72, 80, 88, 112, 120, 128, 136, 144].map((at) => [at + 3, at + 8] as const);
	expect(entire).toEqual(expect.arrayContaining([...whole, ...numbers].flatMap(([from, to]) => bytesFrom(from, to))));
	// The header of the page, but for what it is; what LMDB does not go by: an address, the size of the map; when it was started.
	const unused = [
		[0, 18],
		[32, 48],
		[160, META_BYTES],
	] as const;
	expect(unused.flatMap(([from, to]) => bytesFrom(from, to)).filter((at) => refused.has(at))).toEqual([]);
	flip(68 * 8);
	closeSync(handle);
	await expect(lmdbStore(folder, OPTIONS).open("queue")).rejects.toMatchObject({
		kind: "failed",
		message: expect.stringMatching(/queue\.mdb cannot be opened: its beginning is damaged/),
	});
	expect(statSync(file).size).toBe(bytes.length);
});

it("Heads of two files in one are refused", async () => {
	const { file, bytes, newest } = await closedJournal();
	const other = Buffer.from(bytes);
	other.writeBigUInt64LE(BigInt(numberAt(bytes, newest + BATCH_AT) + 2), newest + BATCH_AT);
	writeFileSync(file, other);
	expect(messageOf(() => checkFileHead(file))).toBe("its first pages do not go together");
});

const bytesFrom = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function messageOf(check: () => unknown): string | undefined {
	try {
		check();
		return undefined;
	} catch (error) {
		return (error as Error).message;
	}
}
