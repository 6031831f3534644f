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

/** The tree of the records, and what is in use in all. */
interface Tree {
	readonly pageSize: number;
	readonly leafPages: number;
	readonly branchPages: number;
	readonly usedBytes: number;
}

const META_PAGES = 2;
/** About what a record takes in a leaf beside its key and its value. */
const NODE = 16;
/** How far the file is ahead of its pages: a part of what it may take, and at most this. */
const AHEAD_BYTES = 4 * 1024 * 1024;
const AHEAD_PART = 16;
/** What of that is left to batches that make room. */
const KEPT_PART = 4;
/** What is left to copies of the pages that a batch changes, which are there with the former ones: a part, and at most this. */
const COPIES_BYTES = 8 * 1024 * 1024;
const COPIES_PART = 8;
/** Pages that every batch touches, and one that changes next to nothing. */
const PAGES_PER_BATCH = 16;
const PAGES_PER_PASS = 6;
/** Of records with neighbouring keys so many are in one leaf at least. */
const NEIGHBOURS_PER_LEAF = 4;
/** LMDB uses a page again two transactions after the one that has freed it. */
const UNTIL_FREE = 2;
/** How long what the disk says is believed. */
const DISK_MS = 1_000;

/**
 * How much a file takes, and how much more there may be. The file is longer than what LMDB has in it: zeros are appended before
 * they are needed, so that a disk which is full is found out while there is still room to delete something, which takes new
 * pages before it gives back others. And a flush that does not change a file's length is faster. It is never made longer than
 * its bound: what finds no room in it then waits until pages are free that the last batches have freed, or is refused. Only a
 * batch that makes room may be written beyond it, where nothing else helps.
 */
export class Room {
	readonly #environment: Environment;
	readonly #file: string;
	readonly #limits: RoomLimits;
	/** A transaction that changes next to nothing. */
	readonly #pass: () => Promise<unknown>;
	/** What the last batches may have freed, in bytes: not to be used yet. */
	#freed: number[] = [];
	/** What the last one was given, and what was in use before it. */
	#last: { readonly needed: number; readonly usedBytes: number } | undefined;
	#fileBytes: number;
	#diskFree = 0;
	#diskAskedAt = Number.NEGATIVE_INFINITY;

	/** @param pass commits a transaction that changes next to nothing */
	constructor(
		environment: Environment,
		file: string,
		fileBytes: number,
		limits: RoomLimits,
		pass: () => Promise<unknown>,
	) {
		this.#environment = environment;
		this.#file = file;
		this.#limits = limits;
		this.#fileBytes = fileBytes;
		this.#pass = pass;
	}

	/** What is in the file and in no tree is free, but for what each batch needs for the time of its commit. */
	usage(): Usage {
		const { maxBytes, reserveBytes } = this.#limits;
		const { usedBytes } = this.#tree();
		const most = Math.min(maxBytes, this.#fileBytes + Math.max(0, this.#freeOnDisk() - reserveBytes));
		const copies = Math.min(COPIES_BYTES, Math.ceil(most / COPIES_PART));
		return { usedBytes, freeBytes: Math.max(0, most - usedBytes - copies - this.#aheadBytes() / KEPT_PART) };
	}

	/** Sees to it that there is room for a batch; whether there is. What makes room may always be tried. */
	async isFor(records: RecordBatch): Promise<boolean> {
		const tree = this.#tree();
		const { pageSize, usedBytes } = tree;
		this.#noteFreed(usedBytes);
		const needed = neededFor(records, tree);
		const left = this.#limits.maxBytes - usedBytes;
		const wanted = needed + this.#aheadBytes() / KEPT_PART;
		const pending = () => this.#freed.reduce((sum, bytes) => sum + bytes, 0);
		const free = () => this.#fileBytes - usedBytes - pending();
		if (free() < wanted) await this.#append(needed + this.#aheadBytes());
		if (free() < wanted && free() + pending() >= wanted + this.#passBytes(pageSize)) await this.#reuse(pageSize);
		const isRoomy = free() >= wanted;
		if ((!isRoomy || needed > left) && this.#growth(records, pageSize) > Math.max(0, isRoomy ? left : 0)) return false;
		this.#last = { needed, usedBytes };
		return true;
	}

	/** Whether the disk has room: it is asked for some. */
	canGrow(): Promise<boolean> {
		return this.#append(this.#aheadBytes(), 1);
	}

	/** What has not become more was freed, of what the last batch was given. */
	#noteFreed(usedBytes: number): void {
		if (this.#last === undefined) return;
		const { needed, usedBytes: before } = this.#last;
		this.#freed = [...this.#freed, Math.max(0, needed - Math.max(0, usedBytes - before))].slice(-UNTIL_FREE);
		this.#last = undefined;
	}

	/** Makes LMDB use again what the last batches have freed. */
	async #reuse(pageSize: number): Promise<void> {
		for (let i = 0; i < UNTIL_FREE; i++) await this.#pass();
		this.#freed = [this.#passBytes(pageSize)];
	}

	#passBytes(pageSize: number): number {
		return UNTIL_FREE * PAGES_PER_PASS * pageSize;
	}

	#aheadBytes(): number {
		const most = Math.min(this.#limits.maxBytes, this.#fileBytes + this.#freeOnDisk());
		return Math.min(AHEAD_BYTES, Math.ceil(most / AHEAD_PART));
	}

	/**
	 * Only ever behind the end of the file: whatever is there, of whichever process, stays as it is. As far as the file may get.
	 * @returns whether the disk had room
	 */
	async #append(length: number, least = 0): Promise<boolean> {
		const most = Math.max(least, Math.min(length, this.#limits.maxBytes - this.#fileBytes));
		if (most <= 0) return true;
		const file = await open(this.#file, "a");
		try {
			await file.writeFile(Buffer.alloc(most));
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

	#tree(): Tree {
		const records = this.#environment.records.getStats() as Stats;
		const journal = this.#environment.journal.getStats() as Stats;
		const { pageSize, root, free, treeLeafPageCount: leafPages, treeBranchPageCount: branchPages } = records;
		const pages = [records, journal, root, free].reduce((sum, each) => sum + pagesOf(each), META_PAGES);
		return { pageSize, leafPages, branchPages, usedBytes: pages * pageSize };
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

/** What a batch may take in new pages, before it gives back any: copies of those that it changes, and what is new in them. */
function neededFor(records: RecordBatch, { pageSize, leafPages, branchPages }: Tree): number {
	/** Records by their keys but for the last letter: those of one number and the next are neighbours. */
	const groups = new Map<string, number>();
	let own = 0;
	let inLeaves = 0;
	for (const [key, record] of records) {
		const group = key.slice(0, -1);
		groups.set(group, (groups.get(group) ?? 0) + 1);
		const size = sizeOf(key, record, pageSize);
		if (size >= pageSize) own += size / pageSize;
		else inLeaves += size;
	}
	let leaves = 0;
	for (const count of groups.values()) leaves += Math.min(count, 1 + Math.ceil(count / NEIGHBOURS_PER_LEAF));
	const copied = Math.min(leaves, leafPages);
	// A leaf that is full becomes two.
	const added = Math.ceil((2 * inLeaves) / pageSize);
	return (PAGES_PER_BATCH + copied + Math.min(copied, branchPages) + added + own) * pageSize;
}
