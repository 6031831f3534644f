import { statfsSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import type { RecordBatch, Usage } from "@antiphon/delivery";
import type { Environment } from "./environment.js";
import { isNoRoom } from "./lmdb-errors.js";

export interface RoomLimits {
	readonly maxBytes: number;
	readonly reserveBytes: number;
}

/** What LMDB says of a tree, and of the file. */
interface Stats {
	readonly pageSize: number;
	readonly treeBranchPageCount: number;
	readonly treeLeafPageCount: number;
	readonly overflowPages: number;
	readonly root: Stats;
	readonly free: Stats;
}

const META_PAGES = 2;
/** About what a record takes in a leaf beside its key and its value. */
const NODE = 16;
/** How far the file is ahead of its pages: a part of what it may take, and at most this. */
const AHEAD_BYTES = 4 * 1024 * 1024;
const AHEAD_PART = 16;
/** What of that is left to batches that make room. */
const KEPT_PART = 4;
/** Pages that a record touches, its leaf and what is above it; and those that every batch touches. */
const PAGES_PER_RECORD = 2;
const PAGES_PER_BATCH = 32;
/** LMDB uses a page again two transactions after the one that has freed it. */
const UNTIL_FREE = 2;
/** How long what the disk says is believed. */
const DISK_MS = 1_000;

/**
 * How much a file takes, and how much more there may be. The file is longer than what LMDB has in it: zeros are appended before
 * they are needed, so that a disk which is full is found out while there is still room to delete something, which takes new
 * pages before it gives back others. And a flush that does not change a file's length is faster.
 */
export class Room {
	readonly #environment: Environment;
	readonly #file: string;
	readonly #limits: RoomLimits;
	readonly #aheadBytes: number;
	/** What the last batches may have freed, in bytes: not to be used yet. */
	readonly #freed: number[] = [];
	#fileBytes: number;
	#diskFree = 0;
	#diskAskedAt = Number.NEGATIVE_INFINITY;

	constructor(environment: Environment, file: string, fileBytes: number, limits: RoomLimits) {
		this.#environment = environment;
		this.#file = file;
		this.#limits = limits;
		this.#aheadBytes = Math.min(AHEAD_BYTES, Math.ceil(limits.maxBytes / AHEAD_PART));
		this.#fileBytes = fileBytes;
	}

	/** What is in the file and in no tree is free. */
	usage(): Usage {
		const { maxBytes, reserveBytes } = this.#limits;
		const { usedBytes } = this.#pages();
		const onDisk = this.#fileBytes - usedBytes + Math.max(0, this.#freeOnDisk() - reserveBytes);
		return { usedBytes, freeBytes: Math.max(0, Math.min(maxBytes - usedBytes, onDisk)) };
	}

	/** Sees to it that there is room for a batch; whether there is. What makes room may always be tried. */
	async isFor(records: RecordBatch): Promise<boolean> {
		const { pageSize, usedBytes } = this.#pages();
		const needed = neededFor(records, pageSize);
		const left = this.#limits.maxBytes - usedBytes;
		const free = () => this.#fileBytes - usedBytes - this.#freed.reduce((sum, bytes) => sum + bytes, 0);
		if (free() < needed + this.#aheadBytes / KEPT_PART) await this.#append(needed + this.#aheadBytes);
		const isRoomy = free() >= needed + this.#aheadBytes / KEPT_PART;
		if ((!isRoomy || needed > left) && this.#growth(records, pageSize) > Math.max(0, isRoomy ? left : 0)) return false;
		this.#freed.push(needed);
		if (this.#freed.length > UNTIL_FREE) this.#freed.shift();
		return true;
	}

	/** Whether the disk has room: it is asked for some. */
	canGrow(): Promise<boolean> {
		return this.#append(this.#aheadBytes);
	}

	/** Only ever behind the end of the file: whatever is there, of whichever process, stays as it is. Whether there was room. */
	async #append(length: number): Promise<boolean> {
		const file = await open(this.#file, "a");
		try {
			await file.writeFile(Buffer.alloc(length));
			return true;
		} catch (error) {
			if (!isNoRoom(error)) throw error;
			return false;
		} finally {
			this.#fileBytes = (await file.stat()).size;
			await file.close();
		}
	}

	/** By how much there would be more, in bytes. */
	#growth(records: RecordBatch, pageSize: number): number {
		let sum = 0;
		for (const [key, record] of records) {
			sum += sizeOf(key, record, pageSize) - sizeOf(key, this.#environment.records.getBinary(key), pageSize);
		}
		return sum;
	}

	#pages(): { readonly pageSize: number; readonly usedBytes: number } {
		const records = this.#environment.records.getStats() as Stats;
		const journal = this.#environment.journal.getStats() as Stats;
		const { pageSize, root, free } = records;
		const pages = [records, journal, root, free].reduce((sum, each) => sum + pagesOf(each), META_PAGES);
		return { pageSize, usedBytes: pages * pageSize };
	}

	#freeOnDisk(): number {
		const now = performance.now();
		if (now - this.#diskAskedAt >= DISK_MS) {
			const { bavail, bsize } = statfsSync(dirname(this.#file));
			this.#diskFree = bavail * bsize;
			this.#diskAskedAt = now;
		}
		return this.#diskFree;
	}
}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: Stats): number {
	return treeBranchPageCount + treeLeafPageCount + overflowPages;
}

/** A record of more than half a page has pages of its own. */
function sizeOf(key: string, record: Uint8Array | undefined, pageSize: number): number {
	if (record === undefined) return 0;
	const size = NODE + key.length + record.length;
	return size < pageSize / 2 ? size : Math.ceil(size / pageSize) * pageSize;
}

/** What a batch may take in new pages, before it gives back any. */
function neededFor(records: RecordBatch, pageSize: number): number {
	let pages = PAGES_PER_BATCH;
	for (const [, record] of records) pages += PAGES_PER_RECORD + Math.ceil((record?.length ?? 0) / pageSize);
	return pages * pageSize;
}
