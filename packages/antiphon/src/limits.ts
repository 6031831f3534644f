import { BusError, MAX_TTL_MS } from "@antiphon/protocol";

/** Bounds of one node. Past a bound a call fails at once with `overloaded`; nothing is queued. */
export interface NodeLimits {
	/** Calls that this node handles at once. Default 1,024. */
	readonly maxCallsIn: number;
	/** The same from one caller (full JID). Default 256. */
	readonly maxCallsInPerPeer: number;
	/** Calls of this node that wait for an answer. Default 4,096. */
	readonly maxCallsOut: number;
	/** The same to one address. Default 1,024. */
	readonly maxCallsOutPerPeer: number;
	/** The deadline of a call that states none, in milliseconds. Default 10,000. */
	readonly defaultTimeoutMs: number;
	/** How long `createNode` tries to come online, in milliseconds. Default 30,000. */
	readonly connectTimeoutMs: number;
	/** How long `drain` waits for running calls, in milliseconds. Default 30,000. */
	readonly drainTimeoutMs: number;
}

const DEFAULTS: NodeLimits = {
	maxCallsIn: 1_024,
	maxCallsInPerPeer: 256,
	maxCallsOut: 4_096,
	maxCallsOutPerPeer: 1_024,
	defaultTimeoutMs: 10_000,
	connectTimeoutMs: 30_000,
	drainTimeoutMs: 30_000,
};

/** @throws RangeError naming the limit */
export function resolveLimits(given: Partial<NodeLimits> = {}): NodeLimits {
	const limits = { ...DEFAULTS, ...given };
	for (const [name, value] of Object.entries(limits)) {
		const max = name.endsWith("Ms") ? MAX_TTL_MS : Number.MAX_SAFE_INTEGER;
		if (!Object.hasOwn(DEFAULTS, name)) throw new RangeError(`there is no limit called ${name}`);
		if (!Number.isInteger(value) || value < 1 || value > max) {
			throw new RangeError(`limits.${name} must be a whole number from 1 to ${max}, not ${value}`);
		}
	}
	return limits;
}

/** The time that a request has, in milliseconds. @throws BusError `invalid-argument` */
export function checkedTimeoutMs(timeoutMs: number): number {
	if (typeof timeoutMs === "number" && timeoutMs > 0 && timeoutMs <= MAX_TTL_MS) return timeoutMs;
	throw new BusError("invalid-argument", `timeoutMs must be above 0 and at most ${MAX_TTL_MS}, not ${timeoutMs}`);
}
