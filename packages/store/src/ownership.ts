import { StoreError, writtenByNewer } from "@antiphon/delivery";
import type { Environment } from "./environment.js";
import type { Owner, Processes } from "./owner.js";

/** Which process has the journal; its version is the epoch, on which each batch depends. */
const OWNER = "owner";
/** What is changed when nothing else is. */
const PASS_KEY = "pass";
/** In which way journals are kept in these files. */
const FORMAT_KEY = "format";
const FORMAT = 1;

/**
 * Takes a journal for this process, on disk when it returns.
 * @returns the epoch: larger than that of any process before
 * @throws StoreError `lost` when a living process has it, `failed` when it is of a newer format
 */
export function takeOwnership({ root, journal }: Environment, file: string, processes: Processes): number {
	return root.transactionSync(() => {
		const format = Number(journal.get(FORMAT_KEY)?.toString() ?? FORMAT);
		if (format !== FORMAT) throw writtenByNewer(file, format, FORMAT);
		const entry = journal.getEntry(OWNER);
		const owner = entry && (JSON.parse(entry.value.toString()) as Owner | null);
		if (owner && processes.isAlive(owner)) {
			throw new StoreError("lost", `${file} is open in the process ${owner.pid}: one journal is for one process`);
		}
		const epoch = (entry?.version ?? 0) + 1;
		journal.put(FORMAT_KEY, Buffer.from(String(FORMAT)), 1);
		journal.put(OWNER, Buffer.from(JSON.stringify(processes.self)), epoch);
		return epoch;
	});
}

/** Does all of `changes` in one transaction if nobody else has taken the journal; whether it was done. */
export function asOwner({ journal }: Environment, epoch: number, changes: () => void): Promise<boolean> {
	return journal.ifVersion(OWNER, epoch, changes);
}

/** Leaves the journal to whoever wants it next. */
export function leaveOwnership(environment: Environment, epoch: number): Promise<boolean> {
	return asOwner(environment, epoch, () => void environment.journal.put(OWNER, Buffer.from("null"), epoch));
}

/** A transaction that changes nothing that anybody reads. */
export function pass(environment: Environment, epoch: number): Promise<boolean> {
	const now = Buffer.from(String(performance.now()));
	return asOwner(environment, epoch, () => void environment.journal.put(PASS_KEY, now, 1));
}
