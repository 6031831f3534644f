import { statSync } from "node:fs";
import { checkStore, type StoreReport } from "@antiphon/domain";
import { journalFile, lmdbStore } from "@antiphon/store";
import { UsageError } from "../command-error.js";
import { type DomainConfig, storeOptions } from "../domain-config/read.js";

export interface CheckedStore extends StoreReport {
	readonly file: string;
	/** Of the file: LMDB does not give back what it does not need any more. */
	readonly fileBytes: number;
}

/** @param name of the config file. @throws UsageError when the config names no store; BusError when the store cannot be looked at */
export async function checkedStore(config: DomainConfig, name: string): Promise<CheckedStore | string> {
	const { store } = config;
	if (store === undefined) {
		throw new UsageError(`${name}: store: there is none, so calls are kept in memory, and nothing can be looked at`);
	}
	const file = journalFile(store, "queue");
	const found = statSync(file, { throwIfNoEntry: false });
	// To open it would make it.
	if (found === undefined) return file;
	return { file, fileBytes: found.size, ...(await checkStore(lmdbStore(store, storeOptions(config)))) };
}
