export type { CallText, DurableDelivery, FaultWriter, OutcomeText, RetryPolicy, Submission } from "./calls.js";
export type { Core, Desk } from "./engine/core.js";
export { Engine, type EngineClock, type EngineParts, type EngineTime } from "./engine/engine.js";
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
export { type MemoryStoreOptions, memoryStore } from "./journal/memory-journal.js";
export type {
	AwaitEvent,
	CallerGoneEvent,
	CancelEvent,
	DeliverEffect,
	LeaseRef,
	LostEffect,
	OpenState,
	OutcomeEffect,
	ProviderGoneEvent,
	PullAgainEffect,
	PullEvent,
	PurgeEvent,
	QueueAnswer,
	QueueEffect,
	QueueEvent,
	QueueResult,
	RedriveEvent,
	Refusal,
	ReleaseEvent,
	RenewEvent,
	RoomEvent,
	SettleEvent,
	SubmitEvent,
	TakenEvent,
	UndeliveredEvent,
} from "./queue/queue-events.js";
