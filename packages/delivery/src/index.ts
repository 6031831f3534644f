export type {
	CallText,
	DurableDelivery,
	FaultWriter,
	LeaseRef,
	OutcomeText,
	RetryPolicy,
	Submission,
} from "./calls.js";
export type { Core, Desk } from "./engine/core.js";
export { Engine, type EngineClock, type EngineParts, type EngineTime } from "./engine/engine.js";
export { Inbox, type InboxOptions } from "./inbox/inbox.js";
export type {
	AbortEffect,
	DeliveryEvent,
	DroppedEffect,
	EndedEvent,
	InboxAnswer,
	InboxAnsweredEvent,
	InboxEffect,
	InboxEvent,
	InboxUnansweredEvent,
	LeaseResult,
	LeaveEvent,
	LostLeaseEvent,
	OfflineEvent,
	Place,
	PullEffect,
	PullNowEvent,
	ReleaseEffect,
	RenewEffect,
	RunEffect,
	ServeEvent,
	SettleEffect,
	UnableEvent,
} from "./inbox/inbox-events.js";
export type { InboxLimits } from "./inbox/inbox-limits.js";
export { encodeBatch, type RecordBatch } from "./journal/batch.js";
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
export { type ClockSources, JournalClock } from "./journal/journal-clock.js";
export type { JournalTime } from "./journal/journal-time.js";
export { type MemoryStoreOptions, memoryStore } from "./journal/memory-journal.js";
export { writtenByNewer } from "./journal/newer.js";
export { decodeRecord } from "./journal/record.js";
export { storeBounds } from "./journal/store-bounds.js";
export { Outbox } from "./outbox/outbox.js";
export type {
	AwaitEffect,
	CancelCallEvent,
	CancelEffect,
	DomainResult,
	KeepEvent,
	LinkEvent,
	MissingEffect,
	OutboxAnswer,
	OutboxAnsweredEvent,
	OutboxEffect,
	OutboxEvent,
	OutboxResult,
	OutboxUnansweredEvent,
	StopWaitingEvent,
	SubmitEffect,
	ToldEvent,
	WaitEvent,
} from "./outbox/outbox-events.js";
export type { OutboxLimits } from "./outbox/outbox-limits.js";
export type { OutboxOptions } from "./outbox/outbox-state.js";
export { inspectQueue, type QueueInspection } from "./queue/inspect.js";
export {
	type CallFilter,
	type CallList,
	type CallPage,
	callIn,
	callsIn,
	type KeptCall,
	type KeptLease,
	numberOf,
} from "./queue/kept-calls.js";
export { contentIn } from "./queue/kept-content.js";
export { UNKNOWN_CALL } from "./queue/outcomes.js";
export { Queue } from "./queue/queue.js";
export type {
	AwaitEvent,
	CallerGoneEvent,
	CancelEvent,
	DeliverEffect,
	LostEffect,
	OpenState,
	OutcomeEffect,
	ProviderGoneEvent,
	PullAgainEffect,
	PullEvent,
	PurgeEvent,
	QueueAnswer,
	QueueCount,
	QueueEffect,
	QueueEvent,
	QueueResult,
	RedriveEvent,
	Refusal,
	ReleaseEvent,
	RenewEvent,
	RetryEvent,
	RoomEvent,
	SettleEvent,
	SubmitEvent,
	SurveyEvent,
	TakenEvent,
	UndeliveredEvent,
} from "./queue/queue-events.js";
export type { QueueLimits, QueueOptions } from "./queue/queue-options.js";
