import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { checkMeta, META_BYTES, type Meta, metaIn, pageSizeIn } from "./meta-page.js";

/** Pages at the end which a batch has taken and given back are not written: a file may lack a few that are in no use. */
const MAX_UNWRITTEN = 16;

/** Another process may be writing these pages. */
const LOOKS = 3;

/**
 * Looks whether a file is one of LMDB's, and whole: the library ends the process when it opens another, or reads behind the end
 * of one; with numbers that are wrong it goes on as if they were right.
 * @throws Error that says what it is instead
 */
export function checkFileHead(file: string): void {
	const handle = openSync(file, "r");
	try {
		for (let looks = 1; ; looks++) {
			try {
				check(handle);
				return;
			} catch (error) {
				if (looks === LOOKS) throw error;
			}
		}
	} finally {
		closeSync(handle);
	}
}

function check(handle: number): void {
	const first = headAt(handle, 0);
	const pageSize = pageSizeIn(first);
	const [even, odd] = [metaIn(first), metaIn(headAt(handle, pageSize))];
	if (odd.pageSize !== pageSize) throw new Error("its first pages differ in their size");
	for (const meta of [even, odd]) checkMeta(meta);
	const { lastPage } = newestOf(even, odd);
	const pages = Math.floor(fstatSync(handle).size / pageSize);
	if (pages + MAX_UNWRITTEN > lastPage) return;
	const what = `it has been cut off, or its beginning is damaged: it has ${pages} pages`;
	throw new Error(`${what}, and should have ${lastPage + 1}`);
}

/** Batches write the one and the other in turn. In a compacted copy, as in a new file, one was never written. */
function newestOf(even: Meta, odd: Meta): Meta {
	const [older, newer] = even.batch < odd.batch ? [even, odd] : [odd, even];
	const isInTurn = even.batch % 2 === 0 && newer.batch - older.batch === 1;
	if (newer.lastPage >= older.lastPage && (isUnused(older) || isInTurn)) return newer;
	throw new Error("its first pages do not go together");
}

function isUnused({ batch, free, main }: Meta): boolean {
	return batch === 0 && free.root === undefined && main.root === undefined;
}

function headAt(handle: number, position: number): DataView {
	const head = Buffer.alloc(META_BYTES);
	if (readSync(handle, head, 0, META_BYTES, position) < META_BYTES) throw new Error("it has been cut off");
	return new DataView(head.buffer, head.byteOffset, META_BYTES);
}
