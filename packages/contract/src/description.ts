import type { Delivery, FunctionKind } from "./function.js";
import type { JsonSchema } from "./schema.js";

/** A function as data: what is told to those who do not have its source. */
export interface FunctionDescription {
	readonly kind: FunctionKind;
	readonly delivery: Delivery;
	readonly summary?: string;
	/** `null`: nothing is passed. */
	readonly input: JsonSchema | null;
	/** `null`: nothing is returned. */
	readonly output: JsonSchema | null;
	readonly faults: Readonly<Record<string, JsonSchema>>;
}

/** A service as data (docs/protocol.md, "The contract"). */
export interface ServiceDescription {
	readonly service: string;
	readonly version: string;
	readonly fingerprint: string;
	readonly functions: Readonly<Record<string, FunctionDescription>>;
}
