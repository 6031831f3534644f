/**
 * The two pages with which a file of LMDB begins, as mdb.c (lmdb 3.5.6) lays them out where addresses have 64 bits: each tells of
 * the state of the file after a batch. They have no checksum.
 */

/** The header of a page, and what is in a meta page. */
export const META_BYTES = 168;
const FLAGS_AT = 18;
const META_FLAG = 0x08;
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION_AT = 28;
const VERSION = 2;
/** Of free pages, and of what is kept; in the first, the size of a page has the place of something else. */
const [FREE_AT, MAIN_AT] = [48, 96];
const LAST_PAGE_AT = 144;
const BATCH_AT = 152;

const PAGE_SIZES = [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536];
const META_PAGES = 2;
/** The root of a tree without pages. */
const NO_PAGE = 2n ** 64n - 1n;
/** How far LMDB can go down in a tree. */
const MAX_DEPTH = 32;
/** What an entry takes in a leaf at least. */
const MIN_ENTRY_BYTES = 8;
/** Of a tree, its keys are numbers; and all that say what a tree is. The others are of the environment. */
const INTEGER_KEYS = 0x08;
const TREE_FLAGS = 0x0fff;

interface Tree {
	readonly flags: number;
	readonly depth: number;
	readonly branches: number;
	readonly leaves: number;
	readonly overflow: number;
	readonly entries: number;
	/** `undefined`: it is empty. */
	readonly root: number | undefined;
}

export interface Meta {
	readonly pageSize: number;
	readonly free: Tree;
	readonly main: Tree;
	/** Of those that are or were in use. */
	readonly lastPage: number;
	/** The number of the batch. */
	readonly batch: number;
}

/** In the order of bytes of this machine, as far as anybody has one: the lowest first. @throws Error if it is no meta page */
export function pageSizeIn(head: DataView): number {
	if ((head.getUint16(FLAGS_AT, true) & META_FLAG) === 0 || head.getUint32(MAGIC_AT, true) !== MAGIC) {
		throw new Error("it is no LMDB file, or its beginning is damaged");
	}
	const version = head.getUint32(VERSION_AT, true);
	if (version !== VERSION) throw new Error(`it is an LMDB file of version ${version}, and not ${VERSION}`);
	const size = head.getUint32(FREE_AT, true);
	if (!PAGE_SIZES.includes(size)) throw new Error(`its beginning is damaged: there are no pages of ${size} bytes`);
	return size;
}

/** @throws Error if it is no meta page */
export function metaIn(head: DataView): Meta {
	return {
		pageSize: pageSizeIn(head),
		free: treeIn(head, FREE_AT),
		main: treeIn(head, MAIN_AT),
		lastPage: numberIn(head, LAST_PAGE_AT),
		batch: numberIn(head, BATCH_AT),
	};
}

function treeIn(head: DataView, at: number): Tree {
	const root = head.getBigUint64(at + 40, true);
	return {
		flags: head.getUint16(at + 4, true) & TREE_FLAGS,
		depth: head.getUint16(at + 6, true),
		branches: numberIn(head, at + 8),
		leaves: numberIn(head, at + 16),
		overflow: numberIn(head, at + 24),
		entries: numberIn(head, at + 32),
		root: root === NO_PAGE ? undefined : Number(root),
	};
}

const numberIn = (head: DataView, at: number) => Number(head.getBigUint64(at, true));

/** @throws Error if its numbers cannot all be true: LMDB would go by them */
export function checkMeta(meta: Meta): void {
	const { free, main, lastPage } = meta;
	const pages = pagesOf(free) + pagesOf(main) + META_PAGES;
	const areTrees = isTree(free, meta) && isTree(main, meta);
	if (areTrees && free.flags === INTEGER_KEYS && main.flags === 0 && pages <= lastPage + 1) return;
	throw new Error("its beginning is damaged: what it says of the pages contradicts itself");
}

const pagesOf = ({ branches, leaves, overflow }: Tree) => branches + leaves + overflow;

function isTree(tree: Tree, { lastPage, pageSize }: Meta): boolean {
	const { root, depth, branches, leaves, entries } = tree;
	if (root === undefined) return depth === 0 && pagesOf(tree) === 0;
	if (root < META_PAGES || root > lastPage || leaves < 1) return false;
	return (
		depth >= 1 && depth <= MAX_DEPTH && depth > 1 === branches > 0 && entries <= (leaves * pageSize) / MIN_ENTRY_BYTES
	);
}
