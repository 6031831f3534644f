import { BusError, type BusErrorCode, type Executed } from "@antiphon/protocol";
import type { Complain } from "../bounds/complaints.js";
import { isCallFailure } from "../calls/call-failure.js";

/** Codes that a handler may answer with by throwing a BusError of its own. Everything else is `internal`. */
const PASSED_ON: ReadonlySet<BusErrorCode> = new Set<BusErrorCode>([
	"invalid-argument",
	"not-found",
	"forbidden",
	"unauthenticated",
	"unavailable",
	"overloaded",
	"conflict",
]);

/** What the caller is told of an input that was not accepted. */
export function inputError(thrown: unknown, complain: Complain): BusError {
	const error = BusError.from(thrown);
	const isInternal = error.code === "internal";
	if (isInternal) complain(thrown);
	return new BusError(error.code, isInternal ? "internal error" : error.message, { executed: "no" });
}

/** What the caller is told of something that the handler threw: no detail leaves the process. */
export function handlerError(thrown: unknown, complain: Complain): BusError {
	if (thrown instanceof BusError && PASSED_ON.has(thrown.code) && !isCallFailure(thrown)) {
		// JavaScript may have put anything there.
		const retry = typeof thrown.retryAfterMs === "number" ? { retryAfterMs: thrown.retryAfterMs } : {};
		return new BusError(thrown.code, thrown.message, { executed: "yes", ...retry });
	}
	complain(thrown);
	return new BusError("internal", "internal error", { executed: "yes" });
}

/** What the caller is told of an output that cannot be sent. */
export function outputError(thrown: unknown, complain: Complain): BusError {
	complain(thrown);
	const isTooLarge = thrown instanceof BusError && thrown.code === "too-large";
	return isTooLarge ? unsentReply(thrown, "yes") : new BusError("internal", "internal error", { executed: "yes" });
}

/** What the caller is told in place of a reply that cannot be sent. */
export function unsentReply({ code, message }: BusError, executed: Executed): BusError {
	if (code === "too-large") return new BusError(code, `the reply is too large: ${message}`, { executed });
	if (code === "overloaded") return new BusError(code, "there was no room to send the reply", { executed });
	return new BusError("internal", "internal error", { executed });
}
