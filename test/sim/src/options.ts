import { Random } from "./random.js";

/** What a seed makes of a world. All of it is printed with a failure, and can be given instead. */
export interface Options {
	readonly callers: number;
	readonly providers: number;
	readonly calls: number;
	/** For how long there are faults, in milliseconds. */
	readonly faultyMs: number;
	/** Rates of what happens to single stanzas. */
	readonly loss: number;
	readonly copies: number;
	readonly late: number;
	/** How many of each kind happen in that time. */
	readonly cuts: number;
	readonly serverRestarts: number;
	readonly relinks: number;
	readonly callerCrashes: number;
	readonly domainCrashes: number;
	readonly providerCrashes: number;
	readonly freezes: number;
	readonly fullDisks: number;
	readonly stuckDisks: number;
	readonly brokenDisks: number;
	readonly tightDisks: number;
	readonly wallJumps: number;
	/** By how much clocks are fast or slow at most. */
	readonly drift: number;
	/** The slowest flush, in milliseconds. */
	readonly flushMs: number;
	/** What the application does, as shares of its calls. */
	readonly keys: number;
	readonly orderKeys: number;
	readonly delayed: number;
	readonly expiring: number;
	readonly cancels: number;
	readonly conflicts: number;
	/** What handlers do, as shares of their runs. */
	readonly slowRuns: number;
	readonly stuckRuns: number;
	readonly faultyRuns: number;
	readonly retryableRuns: number;
	readonly poisonRuns: number;
	/** Unfinished calls that a provider takes. */
	readonly credit: number;
	/** How many providers, of the first ones, serve an older version only, and how many calls are for the newer one. */
	readonly oldProviders: number;
	readonly newCalls: number;
	/** How many of those who lie there are. */
	readonly liars: number;
	/** How many administrators look after dead letters. */
	readonly administrators: number;
	/** Whether callers have an outbox, and providers an inbox, that survives them. */
	readonly outboxes: number;
	readonly inboxes: number;
	/** How many machines stay down when the world heals. */
	readonly lostCallers: number;
	readonly lostProviders: number;
	/** Whether the world goes on until everything that was kept may be forgotten. */
	readonly retention: boolean;
	/** How often a queue that starts from the disk is compared with what was said. */
	readonly shadows: number;
	/** Faults that do not happen: by number. */
	readonly mute: readonly number[];
}

/** What each seed turns on for itself or leaves alone: the least and the most of it. */
const FAULTS = {
	loss: [0.001, 0.2],
	copies: [0.001, 0.2],
	late: [0.001, 0.1],
	cuts: [1, 6],
	serverRestarts: [1, 3],
	relinks: [1, 8],
	callerCrashes: [1, 5],
	domainCrashes: [1, 6],
	providerCrashes: [1, 8],
	freezes: [1, 5],
	fullDisks: [1, 3],
	stuckDisks: [1, 3],
	brokenDisks: [1, 2],
	tightDisks: [1, 3],
	wallJumps: [1, 3],
	drift: [0.001, 0.05],
	flushMs: [1, 500],
	keys: [0.01, 0.3],
	orderKeys: [0.01, 0.5],
	delayed: [0.01, 0.3],
	expiring: [0.01, 0.3],
	cancels: [0.01, 0.2],
	conflicts: [0.01, 0.1],
	slowRuns: [0.01, 0.5],
	stuckRuns: [0.01, 0.1],
	faultyRuns: [0.01, 0.3],
	retryableRuns: [0.01, 0.3],
	poisonRuns: [0.005, 0.05],
	newCalls: [0.1, 0.5],
	liars: [1, 2],
} as const satisfies Partial<Record<keyof Options, readonly [number, number]>>;

export type FaultName = keyof typeof FAULTS;
export const FAULT_NAMES = Object.keys(FAULTS) as FaultName[];

/** @param given what is to be so whatever the seed says */
export function optionsOf(seed: number, given: Partial<Options> = {}): Options {
	const random = new Random(seed, "options");
	const faults = Object.fromEntries(
		FAULT_NAMES.map((name) => {
			const [least, most] = FAULTS[name];
			const isOn = random.chance(0.5);
			const spread = least * (most / least) ** random.fraction();
			return [name, isOn ? (least >= 1 ? Math.round(spread) : Number(spread.toPrecision(2))) : 0];
		}),
	) as Record<FaultName, number>;
	const [callers, providers] = [random.between(1, 3), random.between(1, 3)];
	return {
		callers,
		providers,
		calls: random.spread(5, 60),
		faultyMs: random.spread(5_000, 600_000),
		outboxes: random.below(callers + 1),
		inboxes: random.below(providers + 1),
		lostCallers: random.chance(0.2) ? random.below(callers) : 0,
		lostProviders: random.chance(0.2) ? random.below(providers) : 0,
		oldProviders: random.chance(0.3) ? random.below(providers) : 0,
		credit: random.spread(1, 16),
		retention: random.chance(0.1),
		shadows: 0.1,
		mute: [],
		...faults,
		...administered(random.stream("administrators")),
		...given,
	};
}

/**
 * Administrators, and calls that die for them to decide about; or neither. Of a stream of its own: the worlds without are what
 * they were before there were any.
 */
function administered(random: Random): Partial<Options> & Pick<Options, "administrators"> {
	if (!random.chance(0.25)) return { administrators: 0 };
	return { administrators: 1, retryableRuns: Number((0.2 + 0.7 * random.fraction()).toPrecision(2)) };
}
