export {
	type Call,
	type CallHead,
	decodeBody,
	decodeCallHead,
	decodeReply,
	encodeCall,
	encodeReply,
	forwardedCall,
	type TraceContext,
} from "./call/call.js";
export { decodeFault, decodeFaultAlone, encodeFault, encodeFaultAlone } from "./call/fault.js";
export { decodePayload, ENCODINGS, type Encoding, encodePayload, parseEncoding } from "./call/payload/payload.js";
export type { LeaseAnswer } from "./delivery/answers.js";
export { type CallName, callDigest, callIdOf } from "./delivery/call-id.js";
export {
	type Await,
	type CallState,
	decodeAwait,
	decodeStates,
	encodeAwait,
	encodeStates,
	OPEN_STATES,
	type OpenCallState,
} from "./delivery/call-states.js";
export { type Cancellation, decodeCancel, encodeCancel } from "./delivery/cancellation.js";
export {
	type Deliver,
	type DeliveredCall,
	type DeliveryHead,
	decodeDeliver,
	decodeTaken,
	encodeDeliver,
	encodeTaken,
	type ReadDeliver,
	type ReadDelivery,
} from "./delivery/deliver.js";
export { type Item, MAX_BATCH_BYTES, MAX_ITEMS, type Refused } from "./delivery/items.js";
export type { LeaseRef } from "./delivery/lease-ref.js";
export { decodeLost, encodeLost } from "./delivery/lost.js";
export type { Outcome } from "./delivery/outcome.js";
export {
	decodePull,
	decodePullAgain,
	decodePulling,
	encodePull,
	encodePullAgain,
	encodePulling,
	INBOX_KINDS,
	type InboxKind,
	MAX_CREDIT,
	MAX_HELD,
	type Pull,
	type PullName,
} from "./delivery/pull.js";
export {
	decodeRelease,
	decodeReleased,
	encodeRelease,
	encodeReleased,
	type Release,
	type ReleasedLease,
} from "./delivery/release.js";
export {
	decodeLeaseRenewal,
	decodeRenewedLeases,
	encodeLeaseRenewal,
	encodeRenewedLeases,
	type LeaseRenewal,
	type RenewedLeases,
} from "./delivery/renewal.js";
export { decodeRecorded, decodeSettle, encodeRecorded, encodeSettle, type Settlement } from "./delivery/settlement.js";
export {
	type Acceptance,
	type AcceptedItem,
	DURABLE_DELIVERIES,
	type DurableDelivery,
	decodeAccepted,
	decodeSubmit,
	encodeAccepted,
	encodeSubmit,
	type ReadSubmission,
	type SubmittedCall,
} from "./delivery/submission.js";
export {
	decodeOutcomes,
	decodeReceived,
	encodeOutcomes,
	encodeReceived,
	type ToldOutcome,
} from "./delivery/told-outcomes.js";
export { allPages } from "./disco/all-pages.js";
export { type Capabilities, capabilityHash, encodeCapabilities } from "./disco/caps.js";
export { type DataForm, decodeDataForm, encodeDataForm } from "./disco/data-form.js";
export {
	type DiscoInfo,
	type DiscoItem,
	decodeDiscoInfo,
	decodeDiscoItems,
	discoItemBytes,
	encodeDiscoInfo,
	encodeDiscoItems,
	type Identity,
} from "./disco/disco.js";
export {
	decodePageEnd,
	decodePageRequest,
	encodePageRequest,
	type PageBounds,
	type PageItem,
	type PagePosition,
	type PageRequest,
	pageOf,
} from "./disco/result-set.js";
export {
	type AccessRule,
	checkedJidPattern,
	isAllowed,
	isAnyAllowed,
	MAX_ACCESS_RULES,
	rulesForService,
} from "./domain/access.js";
export {
	addDurations,
	DURATION_BUCKETS,
	type DurationCounts,
	durationAt,
	durationBucket,
} from "./domain/durations.js";
export { decodeHosting, encodeHosting, type Hosting } from "./domain/hosting.js";
export {
	decodeFree,
	decodeFreed,
	decodeNames,
	decodeNamesRequest,
	encodeFree,
	encodeFreed,
	encodeNames,
	encodeNamesRequest,
	type FreedName,
	type KeptName,
	MAX_KEPT_NAMES,
} from "./domain/kept-names.js";
export { checkedLabels, type Labels, MAX_LABELS } from "./domain/labels.js";
export {
	type DrainOutcome,
	type DrainRequest,
	decodeDrain,
	decodeDrained,
	decodeNodes,
	decodeNodesRequest,
	encodeDrain,
	encodeDrained,
	encodeNodes,
	encodeNodesRequest,
	MAX_DRAINED,
	MAX_NODES,
	type NodesRequest,
	type RegisteredInstance,
} from "./domain/operations.js";
export {
	decodeGrant,
	decodeInstanceName,
	decodeRegister,
	decodeRenew,
	decodeRenewed,
	encodeDeregister,
	encodeGrant,
	encodeRegister,
	encodeRenew,
	encodeRenewed,
	encodeRestarted,
	type Grant,
	type Heartbeat,
	type InstanceName,
	type InstanceState,
	type Registration,
} from "./domain/registration.js";
export {
	decodeResolution,
	decodeResolve,
	encodeInstance,
	encodeResolution,
	encodeResolve,
	type Instance,
	MAX_INSTANCES,
	MAX_SETTLING_MS,
	type Resolution,
	type ResolveRequest,
	resolutionWith,
} from "./domain/resolution.js";
export {
	type CallNumbers,
	decodeReport,
	decodeReportRequest,
	decodeStatistics,
	decodeStatisticsRequest,
	encodeReport,
	encodeReportRequest,
	encodeStatistics,
	encodeStatisticsRequest,
	type FunctionReport,
	type FunctionStatistics,
	type LastError,
	MAX_STATISTICS_LINES,
	type ReportRequest,
	type SilentInstance,
	type Statistics,
	type StatisticsRequest,
	type TimedNumbers,
} from "./domain/statistics.js";
export {
	BUS_ERROR_CODES,
	BusError,
	type BusErrorCode,
	type BusErrorOptions,
	type Executed,
	isBusErrorCode,
} from "./errors.js";
export { Jid, JidError } from "./jid.js";
export { legible } from "./legible.js";
export {
	MAX_ATTEMPTS,
	MAX_ERROR_TEXT_CHARS,
	MAX_EXPIRES_MS,
	MAX_PAYLOAD_CHARS,
	MAX_PAYLOAD_DEPTH,
	MAX_PAYLOAD_ITEMS,
	MAX_TTL_MS,
} from "./limits.js";
export { guardedLog, type Log, type LogLevel, lineLog, quietLog } from "./log.js";
export { isLoopback } from "./loopback.js";
export {
	isFaultName,
	isFunctionName,
	isQualifiedName,
	isServiceName,
	isVersion,
	MAX_NAME_CHARS,
} from "./names.js";
export { NS } from "./namespaces.js";
export { escaped } from "./printable.js";
export {
	CALL_LISTS,
	type CallListName,
	type CallsPage,
	type CallsRequest,
	decodeCalls,
	decodeCallsRequest,
	encodeCalls,
	encodeCallsRequest,
	MAX_LISTED_CALLS,
} from "./queue/calls.js";
export {
	CALL_CONTENTS,
	type CallContent,
	type CallContentName,
	type ContentRequest,
	decodeContent,
	decodeContentRequest,
	encodeContent,
	encodeContentRequest,
} from "./queue/content.js";
export { encodeListedCall, type ListedCall } from "./queue/listed-call.js";
export {
	type CallNumber,
	decodeOrder,
	decodeOrdered,
	encodeOrder,
	encodeOrdered,
	ORDERS,
	type Order,
	type Ordered,
} from "./queue/orders.js";
export {
	decodeQueues,
	decodeQueuesRequest,
	encodeQueues,
	encodeQueuesRequest,
	type FunctionQueue,
	MAX_FUNCTION_QUEUES,
	type QueueState,
} from "./queue/queues.js";
export {
	type CallKey,
	decodeCallRequest,
	decodeShownCall,
	encodeCallRequest,
	encodeShownCall,
	type ShownCall,
	type ShownLease,
} from "./queue/shown-call.js";
export { Ranking } from "./ranking.js";
export { Scope } from "./scope.js";
export {
	SCRAM_MECHANISMS,
	ScramClient,
	type ScramCredentials,
	ScramError,
	type ScramMechanism,
	ScramServer,
	scramCredentials,
} from "./scram.js";
export { requireNames, resolveNumbers, strayIn } from "./settings.js";
export { shareGroup } from "./share-group.js";
export { Dispatcher, type Match, type Route, type StanzaKind } from "./stanza/dispatcher.js";
export {
	answering,
	type IqType,
	iq,
	isStanza,
	message,
	presence,
	resultOf,
	type StanzaAddress,
} from "./stanza/stanza.js";
export {
	decodeStanzaError,
	encodeStanzaError,
	errorOf,
	STANZA_CONDITIONS,
	STANZA_ERROR_TYPES,
	type StanzaCondition,
	type StanzaError,
	type StanzaErrorType,
} from "./stanza/stanza-error.js";
export { Tally } from "./tally.js";
