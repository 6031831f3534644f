export type { CallText, DurableDelivery, OutcomeText, RetryPolicy, Submission } from "./calls.js";
export type { Core, Desk } from "./engine/core.js";
export {
	type Journal,
	type Key,
	type Store,
	StoreError,
	type StoreErrorKind,
	type Usage,
	type View,
	type Write,
} from "./journal/journal.js";
export type { JournalTime } from "./journal/journal-time.js";
