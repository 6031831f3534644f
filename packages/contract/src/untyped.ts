import { type FunctionDescription, parseDescription, type ServiceDescription } from "./description.js";
import type { FunctionContract } from "./function.js";
import { essenceOf } from "./retry.js";
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
	const { service: name, version, functions } = parseDescription(description);
	const contracts = Object.entries(functions).map(([fn, described]) => [fn, contractOf(described)] as const);
	return service(name, version, Object.fromEntries(contracts));
}

function contractOf({ kind, delivery, retry, summary, faults }: FunctionDescription): FunctionContract {
	return {
		kind,
		delivery,
		retry: retry && essenceOf(retry),
		summary: typeof summary === "string" ? summary : undefined,
		input: ANYTHING,
		output: ANYTHING,
		faults: Object.fromEntries(Object.keys(faults).map((name) => [name, ANYTHING])),
	};
}
