import { constants } from "node:os";
import type { StoreError } from "@antiphon/delivery";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Environment } from "./environment.js";
import { LmdbJournal } from "./lmdb-journal.js";
import type { Room } from "./room.js";

const { EIO, ENOSPC, EFBIG } = constants.errno;
const MDB_PANIC = -30795;

/** A refusal of lmdb-js: with its cause in a promise that is rejected, too. */
function refusal(code: number): Error {
	const cause = Object.assign(new Error("Input/output error"), { code });
	return Object.assign(new Error("Commit failed"), { commitError: Promise.reject(cause) });
}

/** A journal on an LMDB that does what it is told. */
function journalOn(commit: () => Promise<boolean>, canGrow = async () => true) {
	const calls: string[] = [];
	const onClose = vi.fn();
	const ifVersion = (_key: string, _epoch: number, changes: () => void) => {
		calls.push("commit");
		changes();
		return commit();
	};
	const close = async () => void calls.push("close");
	const records = { put: () => {}, remove: () => {} };
	const environment = { root: { close }, journal: { ifVersion, put: () => {} }, records } as unknown as Environment;
	const room = { isFor: async () => true, canGrow } as unknown as Room;
	const journal = new LmdbJournal({ file: "./state/queue.mdb", environment, room, epoch: 1, onClose });
	const write = () =>
		new Promise<StoreError | undefined>((resolve) => journal.write([["a", Buffer.from("1")]], resolve));
	return { journal, write, calls, onClose };
}

afterEach(() => void vi.useRealTimers());

describe("a journal in an LMDB file, of which a batch is refused", () => {
	it.each([ENOSPC, EFBIG])("for want of room (%d) is full, and goes on", async (code) => {
		let answer = () => Promise.reject<boolean>(refusal(code));
		const { write } = journalOn(() => answer());
		expect(await write()).toMatchObject({ kind: "full", message: expect.stringContaining("queue.mdb") });
		answer = () => Promise.resolve(true);
		expect(await write()).toBeUndefined();
	});

	it("with an error that may be a full disk is full if the disk takes no more, and has failed if it does or is broken", async () => {
		const refuse = () => Promise.reject(refusal(EIO));
		expect(await journalOn(refuse, async () => false).write()).toMatchObject({ kind: "full" });
		expect(await journalOn(refuse, async () => true).write()).toMatchObject({ kind: "failed" });
		expect(await journalOn(refuse, () => Promise.reject(new Error("EIO"))).write()).toMatchObject({ kind: "failed" });
	});

	it.each([EIO, MDB_PANIC])("because the disk is broken (%d) has failed, and is not written to again", async (code) => {
		const { journal, write, calls, onClose } = journalOn(() => Promise.reject(refusal(code)));
		const error = await write();
		expect(error).toMatchObject({ kind: "failed", cause: { code } });
		expect(await write()).toBe(error);
		await new Promise<void>((resolve) => journal.close(resolve));
		expect(calls).toEqual(["commit", "close"]);
		expect(onClose).toHaveBeenCalledOnce();
	});

	it("never, nor stored, is closed without LMDB, which would wait for ever", async () => {
		vi.useFakeTimers();
		const { journal, calls, onClose } = journalOn(() => new Promise(() => {}));
		journal.write([["a", Buffer.from("1")]], () => expect.unreachable());
		const closed = new Promise<void>((resolve) => journal.close(resolve));
		await vi.advanceTimersByTimeAsync(60_000);
		await closed;
		expect(calls).toEqual(["commit"]);
		expect(onClose).not.toHaveBeenCalled();
	});
});
