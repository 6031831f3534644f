import { BusError, MAX_TTL_MS, resolveNumbers } from "@antiphon/protocol";

/** Bounds of one node. Past a bound a call fails at once with `overloaded`; nothing is queued. */
export interface NodeLimits {
	/** Calls that this node handles at once. Default 1,024. */
	readonly maxCallsIn: number;
	/** The same from one account (bare JID). Default 256. */
	readonly maxCallsInPerPeer: number;
	/**
	 * How long a call that this node handles may take, whatever deadline it states, in milliseconds; then it fails with
	 * `deadline-exceeded`. Default a day, which is as far as deadlines go.
	 */
	readonly maxCallMs: number;
	/** Calls of this node that wait for an answer. Default 4,096. */
	readonly maxCallsOut: number;
	/** The same to one address. Default 1,024. */
	readonly maxCallsOutPerPeer: number;
	/** The deadline of a call that states none, in milliseconds. Default 10,000. */
	readonly defaultTimeoutMs: number;
	/** How long `createNode` tries to come online, in milliseconds. Default 30,000. */
	readonly connectTimeoutMs: number;
	/** How long `drain` waits for running calls, in and out, in milliseconds. Default 30,000. */
	readonly drainTimeoutMs: number;
}

const DEFAULTS: NodeLimits = {
	maxCallsIn: 1_024,
	maxCallsInPerPeer: 256,
	maxCallMs: MAX_TTL_MS,
	maxCallsOut: 4_096,
	maxCallsOutPerPeer: 1_024,
	defaultTimeoutMs: 10_000,
	connectTimeoutMs: 30_000,
	drainTimeoutMs: 30_000,
};

/** @throws BusError `invalid-argument` that names the limit. Deadlines travel with calls, so no time is above a day */
export function resolveLimits(given: Partial<NodeLimits> = {}): NodeLimits {
	return resolveNumbers(DEFAULTS, given, "limits", { maxMs: MAX_TTL_MS });
}

/** The time that a request has, in milliseconds. @throws BusError `invalid-argument` */
export function checkedTimeoutMs(timeoutMs: number): number {
	if (typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs <= MAX_TTL_MS) return timeoutMs;
	throw new BusError("invalid-argument", `timeoutMs must be above 0 and at most ${MAX_TTL_MS}, not ${timeoutMs}`);
}
