import type { FunctionDescription, ServiceDescription } from "./description.js";
import { fingerprint } from "./fingerprint.js";
import type { FunctionContract } from "./function.js";
import { essenceOf } from "./retry.js";
import { type JsonSchema, jsonSchemaOf } from "./schema.js";
import type { Service } from "./service.js";

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
	const { kind, delivery, retry, summary, input, output } = contract;
	const faults: Record<string, JsonSchema> = {};
	for (const [name, schema] of Object.entries(contract.faults)) {
		faults[name] = jsonSchemaOf(schema, `${address}: the data of fault ${name}`);
	}
	return {
		kind,
		delivery,
		...(retry === undefined ? {} : { retry: essenceOf(retry) }),
		...(summary === undefined ? {} : { summary }),
		input: input === undefined ? null : jsonSchemaOf(input, `${address}: input`),
		output: output === undefined ? null : jsonSchemaOf(output, `${address}: output`),
		faults,
	};
}
