import type { BusError } from "@antiphon/protocol";
import type { FunctionContract, TypesOf } from "./function.js";

/** A BusError that is known to be a certain fault. */
export interface Fault<Name extends string, Data> extends BusError {
	readonly code: "fault";
	readonly name: Name;
	readonly data: Data;
}

/**
 * Is this error the fault of this name, declared by this function? Narrows the type of its data:
 * `if (isFault(error, dictionary.functions.define, "unknown-word")) error.data.near`.
 */
export function isFault<F extends FunctionContract, Name extends keyof TypesOf<F>["faults"] & string>(
	error: unknown,
	declaredBy: F,
	name: Name,
): error is Fault<Name, TypesOf<F>["faults"][Name]> {
	const fault = error as Partial<BusError> | null | undefined;
	return fault?.code === "fault" && fault.name === name && Object.hasOwn(declaredBy.faults, name);
}
