import type { Key } from "../journal/journal.js";
import type { LaneRecord } from "./queue-record.js";

/** What one sender has for one version of one function. */
export interface Lane extends LaneRecord {
	readonly hash: Key;
	/** How many of its calls wait. */
	waiting: number;
	/** The first of them, in order. */
	window: number[];
}
