export {
	type CallContext,
	type CallOptions,
	type Client,
	type ClientTools,
	type Delivery,
	type DurableCallOptions,
	type DurableFunction,
	describe,
	type Fault,
	type FunctionContract,
	type FunctionDescription,
	type FunctionKind,
	type Functions,
	get,
	type Handler,
	type Handlers,
	type InstanceInfo,
	isFault,
	type JsonSchema,
	majorOf,
	type Retry,
	type RetrySpec,
	type Schema,
	type SendOptions,
	type Service,
	type ServiceDescription,
	service,
	set,
	untyped,
	type WaitOptions,
} from "@antiphon/contract";
export { type MemoryStoreOptions, memoryStore, type Store } from "@antiphon/delivery";
export {
	type ClientLinkOptions,
	type ComponentLinkOptions,
	clientLink,
	componentLink,
	type Link,
	type LinkEvents,
	type LinkLimits,
	type LinkState,
	type LinkTimeouts,
	type MemoryBus,
	type MemoryBusOptions,
	memoryBus,
} from "@antiphon/link";
export {
	BUS_ERROR_CODES,
	BusError,
	type BusErrorCode,
	type DataForm,
	type DiscoInfo,
	type DiscoItem,
	type Encoding,
	type Executed,
	type Identity,
	Jid,
	type Labels,
	type Log,
	lineLog,
} from "@antiphon/protocol";
export { type AttributeValues, type Element, type XmlNode, xml } from "@antiphon/xml";
export type { NodeLimits } from "./bounds/limits.js";
export {
	type BrowseOptions,
	type ContractOptions,
	discoInfo,
	discoItems,
	type FoundContract,
	fetchContract,
	findContract,
	ping,
} from "./browse.js";
export type { ClientOptions } from "./calling/client.js";
export type { OutcomeOptions } from "./calling/sent-call.js";
export { createNode } from "./create-node.js";
export type { QueryRequest } from "./host/query-request.js";
export { linkFromEnv } from "./link-from-env.js";
export type { Node, NodeOptions, NodeStats } from "./node.js";
export type { NodeStatus } from "./node-status.js";
export type { Served, ServeOptions } from "./serving/served.js";
