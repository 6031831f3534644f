import type { FunctionDescription, ServiceDescription } from "./description.js";
import type { FunctionContract } from "./function.js";
import type { Schema } from "./schema.js";
import { type Service, service } from "./service.js";

/** Lets everything pass: the provider checks. */
const ANYTHING: Schema = {
	"~standard": {
		version: 1,
		vendor: "antiphon",
		validate: (value) => ({ value }),
		jsonSchema: { input: () => ({}), output: () => ({}) },
	},
};

/**
 * A service that is known from its description only, for those who call without its source: values are `unknown` and
 * pass unchecked.
 * @throws TypeError when the description, which may come from anybody, is not a service's
 */
export function untyped(description: ServiceDescription): Service<Record<string, FunctionContract>> {
	const { service: name, version, functions } = (description ?? {}) as Partial<ServiceDescription>;
	if (typeof name !== "string" || typeof version !== "string" || !isObject(functions)) {
		throw new TypeError("not the description of a service: it needs service, version and functions");
	}
	const contracts = Object.entries(functions).map(([fn, described]) => [fn, contractOf(described)] as const);
	return service(name, version, Object.fromEntries(contracts));
}

function contractOf(described: Partial<FunctionDescription> | undefined): FunctionContract {
	const { kind, delivery, summary, faults } = described ?? {};
	return {
		// service() checks them.
		kind: kind as FunctionContract["kind"],
		delivery: delivery as FunctionContract["delivery"],
		summary: typeof summary === "string" ? summary : undefined,
		input: ANYTHING,
		output: ANYTHING,
		faults: Object.fromEntries(Object.keys(isObject(faults) ? faults : {}).map((name) => [name, ANYTHING])),
	};
}

function isObject(value: unknown): value is object {
	return typeof value === "object" && value !== null;
}
