export type {
	CallOptions,
	Client,
	ClientTools,
	DurableCallOptions,
	DurableFunction,
	InstanceInfo,
	SendOptions,
	WaitOptions,
} from "./client.js";
export { contractForm } from "./contract-form.js";
export { describe } from "./describe.js";
export { type FunctionDescription, parseDescription, type ServiceDescription } from "./description.js";
export { type Fault, isFault } from "./fault.js";
export { fingerprint } from "./fingerprint.js";
export {
	DELIVERIES,
	type Delivery,
	type FunctionContract,
	type FunctionKind,
	type FunctionSpec,
	get,
	set,
} from "./function.js";
export type { CallContext, Handler, Handlers } from "./handler.js";
export { outgoing } from "./outgoing.js";
export { DEFAULT_RETRY, type Retry, type RetrySpec } from "./retry.js";
export { type JsonSchema, parse, type Schema, type SchemaInput, type SchemaOutput } from "./schema.js";
export { type Functions, type Service, service } from "./service.js";
export { untyped } from "./untyped.js";
export { isServedBy, majorOf } from "./version.js";
