import { BusError, type Executed } from "@antiphon/protocol";

/** The signal that a caller gave. @throws BusError `invalid-argument` for what is no AbortSignal */
export function checkedSignal(signal: AbortSignal | undefined): AbortSignal | undefined {
	if (signal === undefined) return undefined;
	// By its shape: a signal may come from another realm.
	const { aborted, addEventListener, removeEventListener } = Object(signal) as Partial<AbortSignal>;
	if (
		typeof aborted === "boolean" &&
		typeof addEventListener === "function" &&
		typeof removeEventListener === "function"
	) {
		return signal;
	}
	throw new BusError(
		"invalid-argument",
		`signal must be an AbortSignal, not ${signal === null ? null : typeof signal}`,
	);
}

/**
 * What a request fails with whose signal has aborted: `deadline-exceeded` when that was the time-out of
 * `AbortSignal.timeout()`, `cancelled` for any other reason.
 */
export function abortedError(signal: AbortSignal, executed: Executed): BusError {
	const cause: unknown = signal.reason;
	const reason = BusError.from(cause);
	// A reason that is a BusError tells of something else: of the call, say, whose handler makes this one.
	const isTimeout = reason !== cause && reason.code === "deadline-exceeded";
	if (isTimeout) {
		const when = executed === "no" ? " before it was sent" : "";
		return new BusError("deadline-exceeded", `the caller's signal timed out${when}`, { executed, cause });
	}
	return new BusError("cancelled", `cancelled ${executed === "no" ? "before it was sent" : "by the caller"}`, {
		executed,
		cause,
	});
}
