import { BusError } from "@antiphon/protocol";

const failures = new WeakSet<BusError>();

/** Marks what a call of this node failed with. Makes a BusError of whatever it was. */
export function asCallFailure(thrown: unknown): BusError {
	const error = BusError.from(thrown);
	failures.add(error);
	return error;
}

/**
 * Did a call that this node made fail with this error? Such an error tells of another service. Where a handler lets it
 * escape, it must not reach the handler's caller as if it told of the handler's own.
 */
export function isCallFailure(error: BusError): boolean {
	return failures.has(error);
}
