export { contractForm } from "./contract-form.js";
export { describe, type FunctionDescription, type ServiceDescription } from "./describe.js";
export { type Delivery, type FunctionContract, type FunctionKind, type FunctionSpec, get, set } from "./function.js";
export { outgoing } from "./outgoing.js";
export { type JsonSchema, parse, type Schema, type SchemaInput, type SchemaOutput } from "./schema.js";
export {
	type CallContext,
	type CallOptions,
	type Client,
	type Fault,
	type Functions,
	type Handler,
	type Handlers,
	isFault,
	type Service,
	service,
} from "./service.js";
export { untyped } from "./untyped.js";
export { isServedBy, isVersion } from "./version.js";
