import { StoreError } from "./journal.js";

/**
 * What is stored cannot be read by this Antiphon, and is left as it is.
 * @param what it is, such as `the record "m" in state/queue.mdb`
 * @param version of it, as it stands there
 * @param newest the newest version that is known here
 */
export function writtenByNewer(what: string, version: unknown, newest: number): StoreError {
	const why = `its version is ${version}, and this one reads ${newest}`;
	return new StoreError(
		"failed",
		`${what} was written by a newer Antiphon: ${why}. Go on with that Antiphon, or a newer one`,
	);
}
