import { constants } from "node:os";
import { StoreError } from "@antiphon/delivery";

/** LMDB's own (lmdb.h): the map cannot grow; too many pages in one transaction. */
const MDB_MAP_FULL = -30792;
const MDB_TXN_FULL = -30788;
/** On Windows there are numbers of its own: the disk is full. */
const ERROR_DISK_FULL = 112;

const { errno } = constants;
const NO_ROOM: readonly unknown[] = [
	errno.ENOSPC,
	errno.EDQUOT,
	errno.EFBIG,
	MDB_MAP_FULL,
	MDB_TXN_FULL,
	ERROR_DISK_FULL,
];

/** A number of `errno` or of LMDB's own. Node has its numbers in `errno`, negative, and LMDB its in `code`. */
function numberOf(error: unknown): number | undefined {
	const { code, errno: negative } = (error ?? {}) as { readonly code?: unknown; readonly errno?: number };
	return typeof code === "number" ? code : negative && -negative;
}

/** Nothing has been written for want of room, and nothing else has happened. */
export function isNoRoom(error: unknown): boolean {
	return NO_ROOM.includes(numberOf(error));
}

/** A disk that is broken; or one that has taken only the first part of what it was given, as a full one does: LMDB does not say. */
export function isPerhapsNoRoom(error: unknown): boolean {
	return numberOf(error) === errno.EIO;
}

/**
 * The cause of a commit that has been refused. lmdb-js hides it in a promise that is rejected as well, and would end the
 * process if nobody looked.
 */
export async function causeOf(rejection: unknown): Promise<unknown> {
	try {
		await (rejection as { readonly commitError?: Promise<never> }).commitError;
		return rejection;
	} catch (cause) {
		return cause;
	}
}

export function failed(file: string, what: string, cause: unknown): StoreError {
	const why = cause instanceof Error ? cause.message : String(cause);
	return new StoreError("failed", `${file} ${what}: ${why}`, { cause });
}
