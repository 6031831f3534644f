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
export { decodeFault, encodeFault } from "./call/fault.js";
export { decodePayload, ENCODINGS, type Encoding, encodePayload, parseEncoding } from "./call/payload/payload.js";
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
	MAX_ERROR_TEXT_CHARS,
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
export { resolveNumbers } from "./settings.js";
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
