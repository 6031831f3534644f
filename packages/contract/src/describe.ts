import { fingerprint } from "./fingerprint.js";
import type { Delivery, FunctionContract, FunctionKind } from "./function.js";
import { type JsonSchema, jsonSchemaOf } from "./schema.js";
import type { Service } from "./service.js";

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

/** @throws TypeError when a schema cannot be described */
export function describe(service: Service): ServiceDescription {
	const functions: Record<string, FunctionDescription> = {};
	for (const [name, contract] of Object.entries(service.functions)) {
		functions[name] = describeFunction(`${service.name}.${name}`, contract);
	}
	const described = { service: service.name, version: service.version, functions };
	return { ...described, fingerprint: fingerprint(described) };
}

function describeFunction(address: string, contract: FunctionContract): FunctionDescription {
	const { kind, delivery, summary, input, output } = contract;
	const faults: Record<string, JsonSchema> = {};
	for (const [name, schema] of Object.entries(contract.faults)) {
		faults[name] = jsonSchemaOf(schema, `${address}: the data of fault ${name}`);
	}
	return {
		kind,
		delivery,
		...(summary === undefined ? {} : { summary }),
		input: input === undefined ? null : jsonSchemaOf(input, `${address}: input`),
		output: output === undefined ? null : jsonSchemaOf(output, `${address}: output`),
		faults,
	};
}
