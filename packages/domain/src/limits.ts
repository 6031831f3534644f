import type { QueueLimits } from "@antiphon/delivery";
import { BusError, MAX_SETTLING_MS, MAX_TTL_MS, resolveNumbers } from "@antiphon/protocol";

/** Bounds of a domain. What goes over one is refused with `overloaded`, unless it says something else; nothing waits. */
export interface DomainLimits {
	/** Instances, of all services. Default 20,000. */
	readonly maxInstances: number;
	/** Instances that one account (bare JID) has registered. Default 2,000. */
	readonly maxInstancesPerAccount: number;
	/** Services that have instances. Default 10,000. */
	readonly maxServices: number;
	/** Major versions of one service that have instances. Default 8. */
	readonly maxMajors: number;
	/** Versions of one service that have instances, of all its majors. Default 32. */
	readonly maxVersions: number;
	/** Functions of one service; above it `too-large`. Default 1,024. */
	readonly maxFunctions: number;
	/** Characters of one contract as JSON; above it `too-large`. Default 1 Mi. */
	readonly maxContractChars: number;
	/** Characters of all contracts. Default 64 Mi. */
	readonly maxContractsChars: number;
	/** Characters of the contracts that one account was the first to bring. Default 8 Mi. */
	readonly maxContractsCharsPerAccount: number;
	/** Contracts that are being asked for at once. Default 64. */
	readonly maxContractsAsked: number;
	/** Callers told of changes, shared out by domain and account, of names nobody has registered yet an eighth; others have to ask again. Default 20,000. */
	readonly maxWatchers: number;
	/** Names whose owner is remembered, also while nothing of them runs. Default 10,000. */
	readonly maxNames: number;
	/** The same for one account. Default 200. */
	readonly maxNamesPerAccount: number;
	/** The same for all accounts of one domain, other than the domain above this one. Default 1,000. */
	readonly maxNamesPerDomain: number;
	/** Days for which a name is kept of which nothing runs; then it goes where another needs the room. Default 30. */
	readonly keepNamesDays: number;
	/** Subscriptions to the presence of services and functions. Default 20,000. */
	readonly maxSubscribers: number;
	/** Calls that are passed on at once. Default 4,096. */
	readonly maxCalls: number;
	/** The same for one service, whose providers may all be silent. Default 1,024. */
	readonly maxCallsPerService: number;
	/** The same for one caller (bare JID). Default 512. */
	readonly maxCallsPerCaller: number;
	/** How long a call that is passed on may take, in milliseconds; then `deadline-exceeded`. Default 300,000. */
	readonly maxCallMs: number;
	/** An instance that is not heard of for this long is forgotten, in milliseconds. Default 15,000. */
	readonly leaseMs: number;
	/** How long after a start not everybody need have registered again, in milliseconds. Default two fifths of `leaseMs`. */
	readonly settleMs: number;
	/** How long a provider may take to say what the domain asks it, in milliseconds. Default 5,000. */
	readonly askTimeoutMs: number;
	/** How long a caller is told of changes, at most, in milliseconds. Default 60,000. */
	readonly watchMs: number;
	/** Durable calls without an outcome. Default 2,000,000. */
	readonly maxQueuedCalls: number;
	/** The same of one function. Default 1,000,000. */
	readonly maxQueuedCallsPerFunction: number;
	/** The same of one caller (bare JID) to one function. Default 100,000. */
	readonly maxQueuedCallsPerCaller: number;
	/** Hours for which the outcome of a durable call is kept at least, 1 to 8,760; who was promised more has that. Default 24. */
	readonly keepOutcomesHours: number;
	/** Dead letters; the oldest are off the list then. Default 100,000. */
	readonly maxDeadLetters: number;
	/** Days for which a dead letter is kept with its input, 1 to 3,650. Default 30. */
	readonly keepDeadLettersDays: number;
	/** How long an instance has a durable call of which it says nothing, in milliseconds, 15,000 to 86,400,000. Default 45,000. */
	readonly callLeaseMs: number;
	/** How long it may take to say that it has got one, in milliseconds, 1,000 to `callLeaseMs`; then an at-least-once call goes elsewhere. Default 10,000. */
	readonly callTakenMs: number;
}

/** Providers renew three times in a lease, and then register, for which they get a little time. */
const SETTLE = 0.4;

const DEFAULTS: DomainLimits = {
	maxInstances: 20_000,
	maxInstancesPerAccount: 2_000,
	maxServices: 10_000,
	maxMajors: 8,
	maxVersions: 32,
	maxFunctions: 1_024,
	maxContractChars: 1024 * 1024,
	maxContractsChars: 64 * 1024 * 1024,
	maxContractsCharsPerAccount: 8 * 1024 * 1024,
	maxContractsAsked: 64,
	maxWatchers: 20_000,
	maxNames: 10_000,
	maxNamesPerAccount: 200,
	maxNamesPerDomain: 1_000,
	keepNamesDays: 30,
	maxSubscribers: 20_000,
	maxCalls: 4_096,
	maxCallsPerService: 1_024,
	maxCallsPerCaller: 512,
	maxCallMs: 300_000,
	leaseMs: 15_000,
	settleMs: 6_000,
	askTimeoutMs: 5_000,
	watchMs: 60_000,
	maxQueuedCalls: 2_000_000,
	maxQueuedCallsPerFunction: 1_000_000,
	maxQueuedCallsPerCaller: 100_000,
	keepOutcomesHours: 24,
	maxDeadLetters: 100_000,
	keepDeadLettersDays: 30,
	callLeaseMs: 45_000,
	callTakenMs: 10_000,
};

const HOUR_MS = 3_600_000;
const YEAR_HOURS = 365 * 24;
/** A provider renews every 10 s, and one that comes back after a start of the domain has to be heard first. */
const MIN_CALL_LEASE_MS = 15_000;

type Range = readonly [name: keyof DomainLimits, min: number, max: number];

/** @throws BusError `invalid-argument` that names the limit */
export function resolveLimits(given: Partial<DomainLimits> = {}): DomainLimits {
	const limits = resolveNumbers(DEFAULTS, given, "limits");
	const ranges: readonly Range[] = [
		["keepOutcomesHours", 1, YEAR_HOURS],
		["keepDeadLettersDays", 1, 10 * 365],
		["callLeaseMs", MIN_CALL_LEASE_MS, MAX_TTL_MS],
		["callTakenMs", 1_000, limits.callLeaseMs],
	];
	for (const [name, min, max] of ranges) requireRange(name, limits[name], min, max);
	const settleMs = given.settleMs ?? Math.ceil(limits.leaseMs * SETTLE);
	return { ...limits, settleMs: Math.min(settleMs, MAX_SETTLING_MS) };
}

/** What of them is about durable calls, as the queue has it. */
export function queueLimits(limits: DomainLimits): Partial<QueueLimits> & Pick<QueueLimits, "keepMs" | "takenMs"> {
	return {
		calls: limits.maxQueuedCalls,
		callsPerFunction: limits.maxQueuedCallsPerFunction,
		callsPerSender: limits.maxQueuedCallsPerCaller,
		keepMs: limits.keepOutcomesHours * HOUR_MS,
		deadLetters: limits.maxDeadLetters,
		deadMs: limits.keepDeadLettersDays * 24 * HOUR_MS,
		leaseMs: limits.callLeaseMs,
		takenMs: limits.callTakenMs,
	};
}

function requireRange(name: string, value: number, min: number, max: number): void {
	if (value >= min && value <= max) return;
	throw new BusError("invalid-argument", `limits.${name} must be a whole number from ${min} to ${max}, not ${value}`);
}
