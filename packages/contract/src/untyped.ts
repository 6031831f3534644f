import type { FunctionDescription, ServiceDescription } from "./describe.js";
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
 * @throws TypeError when the description is not a service's
 */
export function untyped(description: ServiceDescription): Service<Record<string, FunctionContract>> {
	const functions = Object.entries(description.functions).map(([name, fn]) => [name, contractOf(fn)] as const);
	return service(description.service, description.version, Object.fromEntries(functions));
}

function contractOf({ kind, delivery, summary, faults }: FunctionDescription): FunctionContract {
	return {
		kind,
		delivery,
		summary,
		input: ANYTHING,
		output: ANYTHING,
		faults: Object.fromEntries(Object.keys(faults).map((name) => [name, ANYTHING])),
	};
}
