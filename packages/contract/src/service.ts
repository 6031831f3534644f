import { isFaultName, isFunctionName, isServiceName, isVersion } from "@antiphon/protocol";
import { DELIVERIES, type FunctionContract } from "./function.js";
import { strayInRetry, whatIsWrongWith } from "./retry.js";
import { requireSchema } from "./schema.js";

export type Functions = Readonly<Record<string, FunctionContract>>;

/** A named, versioned set of functions: what caller and provider share. */
export interface Service<F extends Functions = Functions> {
	readonly name: string;
	/** `major.minor.patch`. A provider serves callers of the same major version that are not newer than itself. */
	readonly version: string;
	readonly functions: F;
}

/**
 * Declares a service.
 *
 * @param name lower-case letters, digits and hyphens, at most 64: the local part of its JID
 * @param version `major.minor.patch`
 * @param functions made by `get()` and `set()`; names are letters, digits, `_` and `-`, at most 64. JIDs do not tell
 * upper from lower case, so two names that differ only in case are refused
 * @throws TypeError with what is wrong
 */
export function service<const F extends Functions>(name: string, version: string, functions: F): Service<F> {
	if (!isServiceName(name)) {
		throw new TypeError(`service name ${JSON.stringify(name)}: use 1 to 64 lower-case letters, digits and hyphens`);
	}
	if (!isVersion(version)) {
		throw new TypeError(`service ${name}: version ${JSON.stringify(version)} is not major.minor.patch`);
	}
	const folded = new Map<string, string>();
	for (const [fn, contract] of Object.entries(functions)) {
		checkFunctionName(name, fn);
		const twin = folded.get(fn.toLowerCase());
		if (twin !== undefined) {
			throw new TypeError(`service ${name}: ${twin} and ${fn} differ only in case, and JIDs do not tell them apart`);
		}
		folded.set(fn.toLowerCase(), fn);
		checkFunction(`${name}.${fn}`, contract);
	}
	if (folded.size === 0) throw new TypeError(`service ${name} has no functions`);
	return Object.freeze({ name, version, functions: Object.freeze({ ...functions }) });
}

function checkFunctionName(service: string, fn: string): void {
	if (!isFunctionName(fn)) {
		throw new TypeError(
			`service ${service}: function name ${JSON.stringify(fn)}: use 1 to 64 letters, digits, _ and -`,
		);
	}
	// A client with a function "then" would be taken for a promise by await.
	if (fn === "then") throw new TypeError(`service ${service}: a function cannot be called "then"`);
}

/** What the compiler cannot see, and what those who write JavaScript get wrong. */
function checkFunction(address: string, contract: Partial<FunctionContract> | undefined): void {
	if ((contract?.kind !== "get" && contract?.kind !== "set") || contract.faults === undefined) {
		throw new TypeError(`${address} must be declared with get() or set()`);
	}
	const { delivery, retry, input, output, faults } = contract;
	if (!DELIVERIES.some((known) => known === delivery)) {
		throw new TypeError(`${address}: delivery must be one of ${DELIVERIES.join(", ")}`);
	}
	if (retry !== undefined) {
		const wrong = whatIsWrongWith(retry, delivery, Object.keys(faults)) ?? strayInRetry(retry);
		if (wrong !== undefined) throw new TypeError(`${address}: ${wrong}`);
	}
	if (input !== undefined) requireSchema(input, `${address}: input`);
	if (output !== undefined) requireSchema(output, `${address}: output`);
	for (const [fault, schema] of Object.entries(faults)) {
		if (!isFaultName(fault)) {
			throw new TypeError(
				`${address}: fault name ${JSON.stringify(fault)}: use 1 to 64 lower-case letters, digits and hyphens`,
			);
		}
		requireSchema(schema, `${address}: the data of fault ${fault}`);
	}
}
