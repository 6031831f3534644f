import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Journal, type Store, StoreError, storeBounds } from "@antiphon/delivery";
import { openEnvironment } from "./environment.js";
import { checkFileHead } from "./file-head.js";
import { failed, isNoRoom } from "./lmdb-errors.js";
import { LmdbJournal } from "./lmdb-journal.js";
import { makeFile, makeFolder } from "./new-file.js";
import { type Processes, systemProcesses } from "./owner.js";
import { pass, takeOwnership } from "./ownership.js";
import { Room } from "./room.js";

export interface LmdbStoreOptions {
	/** How large the file of each journal may get, in bytes: what takes more is refused as `full`. Default 8 GiB. */
	readonly maxBytes?: number;
	/** What is to be left on the disk, in bytes: it does not count as free. Default 256 MiB. */
	readonly reserveBytes?: number;
}

const DEFAULTS = { maxBytes: 8 * 1024 ** 3, reserveBytes: 256 * 1024 ** 2 };

/** The files that this process has open. */
const openHere = new Set<string>();

/**
 * Journals in a folder, each in an LMDB file of its own, which one process at a time may have open. What they say is stored
 * has been flushed to the disk. The folder has to be on a disk of this machine, not on one that is shared over a network.
 * @param folder is made if it is not there, for this user only: inputs of calls are in these files
 * @throws TypeError for what is no folder; BusError `invalid-argument` for options that cannot be
 */
export function lmdbStore(folder: string, options: LmdbStoreOptions = {}): Store {
	// Else the files would be wherever the process happens to be.
	if (typeof folder !== "string" || folder.trim() === "") {
		throw new TypeError(`a store needs a folder, such as lmdbStore("./state"), not ${JSON.stringify(folder)}`);
	}
	const limits = storeBounds(DEFAULTS, options, ["reserveBytes"]);
	return {
		kind: `lmdb at ${folder}`,
		isDurable: true,
		async open(name) {
			const file = journalFile(folder, name);
			const path = resolve(file);
			if (openHere.has(path)) throw new StoreError("lost", `${file} is open in this process already`);
			openHere.add(path);
			const forget = () => openHere.delete(path);
			try {
				return await openJournal(file, limits, systemProcesses, forget);
			} catch (error) {
				forget();
				throw error;
			}
		},
	};
}

/** Where a store has the journal of a name. @throws TypeError for what is no name */
export function journalFile(folder: string, name: string): string {
	if (!/^[a-z][a-z0-9-]*$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no name for a journal`);
	return join(folder, `${name}.mdb`);
}

/** Opens a journal, or makes it. Whether this process has it open already is not its business. */
export async function openJournal(
	file: string,
	limits: Required<LmdbStoreOptions>,
	processes: Processes,
	onClose: () => void,
): Promise<Journal> {
	try {
		makeFolder(file);
		if (!existsSync(file)) await makeFile(file);
		checkFileHead(file);
		const environment = openEnvironment(file, limits.maxBytes);
		try {
			const epoch = takeOwnership(environment, file, processes);
			const room = new Room(environment, file, statSync(file).size, limits, () => pass(environment, epoch));
			return new LmdbJournal({ file, environment, room, epoch, onClose });
		} catch (error) {
			await environment.root.close();
			throw error;
		}
	} catch (error) {
		if (error instanceof StoreError) throw error;
		if (isNoRoom(error)) throw new StoreError("full", `the disk has no room for ${file}`, { cause: error });
		throw failed(file, "cannot be opened", error);
	}
}
