import type { View, Write } from "@antiphon/delivery";
import { decodeRecord, encodeBatch, type Journal, type RecordBatch, StoreError, type Usage } from "@antiphon/delivery";
import type { Environment } from "./environment.js";
import { causeOf, failed, isNoRoom, isPerhapsNoRoom } from "./lmdb-errors.js";
import { asOwner, leaveOwnership } from "./ownership.js";
import type { Room } from "./room.js";

export interface LmdbJournalParts {
	readonly file: string;
	readonly environment: Environment;
	readonly room: Room;
	/** Under which this process has taken the journal. */
	readonly epoch: number;
	readonly onClose: () => void;
}

/** How long a batch that is under way keeps a journal from being closed. */
const CLOSE_MS = 5_000;

/**
 * A journal in an LMDB file. A batch is one transaction, which does nothing when the journal has another owner; LMDB writes and
 * flushes it in a thread of its own.
 *
 * | state | event | to |
 * | --- | --- | --- |
 * | open | write | writing |
 * | writing | stored, full | open |
 * | writing | failed, lost | ended: every write is answered with the same |
 * | any | close | closed |
 */
export class LmdbJournal implements Journal {
	readonly isDurable = true;
	readonly view: View;
	readonly #parts: LmdbJournalParts;
	#isClosed = false;
	#underWay: Promise<unknown> | undefined;
	#ended: StoreError | undefined;

	constructor(parts: LmdbJournalParts) {
		this.#parts = parts;
		this.view = viewOf(parts.environment, parts.file);
	}

	write(writes: readonly Write[], done: (error?: StoreError) => void): void {
		const { file } = this.#parts;
		if (this.#isClosed) throw new Error(`${file} is closed`);
		if (this.#underWay !== undefined) throw new Error(`${file} has not finished the write before`);
		this.#underWay = this.#store(encodeBatch(writes)).then((error) => {
			this.#underWay = undefined;
			// In a task of its own: what is thrown there is not a rejection of ours.
			if (!this.#isClosed) queueMicrotask(() => done(error));
		});
	}

	usage(): Usage {
		return this.#parts.room.usage();
	}

	close(done: () => void): void {
		if (this.#isClosed) throw new Error(`${this.#parts.file} is closed`);
		this.#isClosed = true;
		void this.#shut().then(() => queueMicrotask(done));
	}

	/** What is to be told of it. Does not reject. */
	async #store(records: RecordBatch): Promise<StoreError | undefined> {
		const { file, environment, room, epoch } = this.#parts;
		if (this.#ended !== undefined) return this.#ended;
		try {
			if (!(await room.isFor(records))) return new StoreError("full", `there is no room for more in ${file}`);
			const isOurs = await asOwner(environment, epoch, () => {
				for (const [key, record] of records) {
					if (record === undefined) void environment.records.remove(key);
					else void environment.records.put(key, record as Buffer);
				}
			});
			if (!isOurs) this.#ended = new StoreError("lost", `another process has taken ${file}`);
		} catch (rejection) {
			const cause = await causeOf(rejection);
			if (isNoRoom(cause) || (isPerhapsNoRoom(cause) && !(await room.canGrow().catch(() => true)))) {
				return new StoreError("full", `the disk has no room for ${file}`, { cause });
			}
			this.#ended = failed(file, "could not be written", cause);
		}
		return this.#ended;
	}

	async #shut(): Promise<void> {
		const { environment, epoch, onClose } = this.#parts;
		// LMDB does not let go of a file while it writes, and after some errors it never comes back: then the process has to end.
		if (this.#underWay !== undefined && !(await endsWithin(this.#underWay, CLOSE_MS))) return;
		if (this.#ended === undefined) await leaveOwnership(environment, epoch).catch(causeOf);
		await environment.root.close().catch(() => {});
		onClose();
	}
}

function viewOf({ records }: Environment, file: string): View {
	const read = <T>(action: () => T): T => {
		try {
			return action();
		} catch (error) {
			throw failed(file, "cannot be read", error);
		}
	};
	// No key is empty, and LMDB does not take one as the beginning of a range either.
	const range = (from: string, to: string) => ({ start: from === "" ? "\0" : from, end: to });
	return {
		get(key) {
			const record = read(() => records.getBinary(key));
			return record === undefined ? undefined : decodeRecord(key, record, file);
		},
		keys(from, to, limit) {
			return from < to ? read(() => [...records.getKeys({ ...range(from, to), limit })]) : [];
		},
		count(from, to) {
			return from < to ? read(() => records.getKeysCount(range(from, to))) : 0;
		},
	};
}

async function endsWithin(action: Promise<unknown>, limitMs: number): Promise<boolean> {
	let timer: NodeJS.Timeout | undefined;
	const limit = new Promise<boolean>((resolve) => {
		timer = setTimeout(() => resolve(false), limitMs);
	});
	const hasEnded = await Promise.race([action.then(() => true), limit]);
	clearTimeout(timer);
	return hasEnded;
}
