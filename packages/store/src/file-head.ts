import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Of mdb.c: each of the two meta pages begins with these. */
const FLAGS_AT = 18;
const META_FLAG = 0x08;
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION_AT = 28;
const VERSION = 2;
const PAGE_SIZE_AT = 48;
const HEAD = 64;
const META_PAGES = 2;

/**
 * Looks whether a file is one of LMDB's: the library ends the process with a segmentation fault when it opens another.
 * @throws Error that says what it is instead
 */
export function checkFileHead(file: string): void {
	const handle = openSync(file, "r");
	try {
		const pageSize = pageSizeOf(headAt(handle, 0));
		if (pageSizeOf(headAt(handle, pageSize)) !== pageSize) throw new Error("its first pages differ in their size");
		if (fstatSync(handle).size < META_PAGES * pageSize) throw new Error("it has been cut off");
	} finally {
		closeSync(handle);
	}
}

function headAt(handle: number, position: number): DataView {
	const head = Buffer.alloc(HEAD);
	if (readSync(handle, head, 0, HEAD, position) < HEAD) throw new Error("it has been cut off");
	return new DataView(head.buffer, head.byteOffset, HEAD);
}

/** In the order of bytes of this machine, as far as anybody has one: the lowest first. */
function pageSizeOf(head: DataView): number {
	if ((head.getUint16(FLAGS_AT, true) & META_FLAG) === 0 || head.getUint32(MAGIC_AT, true) !== MAGIC) {
		throw new Error("it is no LMDB file, or its beginning is damaged");
	}
	const version = head.getUint32(VERSION_AT, true);
	if (version !== VERSION) throw new Error(`it is an LMDB file of version ${version}, and not ${VERSION}`);
	return head.getUint32(PAGE_SIZE_AT, true);
}
