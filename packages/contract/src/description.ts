import { DELIVERIES, type Delivery, type FunctionKind } from "./function.js";
import { type Retry, whatIsWrongWith } from "./retry.js";
import type { JsonSchema } from "./schema.js";

/** A function as data: what is told to those who do not have its source. */
export interface FunctionDescription {
	readonly kind: FunctionKind;
	readonly delivery: Delivery;
	/** How a durable function is tried again, if the contract states that. */
	readonly retry?: Retry;
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

/**
 * A description that came from somebody, checked as far as its users rely on it: names and schemas are not looked into.
 * @throws TypeError with what is missing
 */
export function parseDescription(value: unknown): ServiceDescription {
	const { service, version, fingerprint, functions } = isObject(value) ? value : {};
	if (![service, version, fingerprint].every((text) => typeof text === "string") || !isObject(functions)) {
		throw new TypeError("not the description of a service: it needs service, version, fingerprint and functions");
	}
	for (const [name, described] of Object.entries(functions)) {
		const { kind, delivery, retry, faults, summary } = isObject(described) ? described : {};
		const isKnown = DELIVERIES.some((known) => known === delivery);
		const isText = summary === undefined || typeof summary === "string";
		if ((kind !== "get" && kind !== "set") || !isKnown || !isObject(faults) || !isText) {
			throw new TypeError(
				`function ${JSON.stringify(name)} is not described: it needs kind, delivery and faults, and a summary that is text`,
			);
		}
		const wrong = retry === undefined ? undefined : whatIsWrongWith(retry, delivery, Object.keys(faults));
		if (wrong !== undefined) throw new TypeError(`function ${JSON.stringify(name)} is not described: ${wrong}`);
	}
	return value as unknown as ServiceDescription;
}

function isObject(value: unknown): value is Record<string, unknown> {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
