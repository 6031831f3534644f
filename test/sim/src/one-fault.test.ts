import { beforeAll, describe, expect, it } from "vitest";
import { type Story, storiesOf } from "./checker/evidence.js";
import { type Delivery, loadDelivery } from "./delivery.js";
import type { Event } from "./history.js";
import { FAULT_NAMES, type Options } from "./options.js";
import { reportOf } from "./report.js";
import { simulate } from "./world.js";

/** So many worlds at least, and more until one is hit. */
const SEEDS = 2;
const MOST_SEEDS = 12;
/** A world in which nothing goes wrong. */
const QUIET: Partial<Options> = {
	...Object.fromEntries(FAULT_NAMES.map((name) => [name, 0])),
	...{ callers: 2, providers: 2, calls: 15, faultyMs: 120_000, credit: 4, outboxes: 2, inboxes: 2 },
	...{ lostCallers: 0, lostProviders: 0, oldProviders: 0, administrators: 0, retention: false },
};

interface World {
	readonly events: readonly Event[];
	readonly stories: readonly Story[];
}

/** A fault, where it happens alone, and how it is seen that it has hit a call. */
interface Case {
	readonly faults: Partial<Options>;
	readonly hits: (world: World) => boolean;
}

const deaths = ({ events }: World, machine: string) =>
	events.flatMap((event) =>
		event.type === "process" && event.is === "dead" && event.machine.startsWith(machine) ? [event] : [],
	);
const faultsOf = ({ events }: World, kind: string) =>
	events.flatMap((event) => (event.type === "fault" && event.what.startsWith(kind) ? [event] : []));
/** Whether one of these came while a call had been accepted and had no outcome. */
const during = ({ stories }: World, moments: readonly { readonly at: number }[]) =>
	stories.some(({ accepted, recorded }) => {
		const [since, until] = [accepted[0]?.at, recorded.find(({ isFinal, isFenced }) => isFinal && !isFenced)?.at];
		return since !== undefined && until !== undefined && moments.some(({ at }) => since < at && at < until);
	});

const CASES: Readonly<Record<string, Case>> = {
	"a caller that is killed before its outbox is flushed: the call was not accepted": {
		faults: { callerCrashes: 20, flushMs: 500 },
		hits: ({ stories }) =>
			stories.some(
				({ invoked, kept, accepted, started }) =>
					invoked.length > 0 && kept.length + accepted.length + started.length === 0,
			),
	},
	"a caller that is killed in mid-call: its next process has the one outcome": {
		faults: { callerCrashes: 20, slowRuns: 1 },
		hits: (world) => during(world, deaths(world, "caller")),
	},
	"a provider that is killed before it has recorded what came of a call: it runs again": {
		faults: { providerCrashes: 8, slowRuns: 1 },
		hits: ({ stories }) => stories.some(({ started, ended }) => started.length > 1 && ended.length === 1),
	},
	"a provider that is killed when it has recorded it, before it could say so: no second run": {
		faults: { providerCrashes: 30, flushMs: 50 },
		hits: ({ stories }) =>
			stories.some(
				({ started, reported }) => started.length === 1 && new Set(reported.map(({ process }) => process)).size > 1,
			),
	},
	"a domain that is killed": {
		faults: { domainCrashes: 8, slowRuns: 1 },
		hits: (world) => during(world, deaths(world, "fn.")),
	},
	"an XMPP server that is killed": {
		faults: { serverRestarts: 4, slowRuns: 1 },
		hits: (world) => during(world, faultsOf(world, "server")),
	},
	"links that are cut, also in one direction, of which nobody is told": {
		faults: { cuts: 8, slowRuns: 1 },
		hits: (world) => during(world, faultsOf(world, "cut")),
	},
	"links that flap": {
		faults: { relinks: 60, slowRuns: 1 },
		hits: (world) => during(world, faultsOf(world, "relink")),
	},
	"stanzas that come twice, in another order, late or not at all": {
		faults: { loss: 0.2, copies: 0.3, late: 0.1 },
		hits: ({ stories }) =>
			stories.some(({ accepted }) => accepted.some(({ isKnown }) => isKnown)) &&
			stories.some(({ recorded }) => recorded.length > 1),
	},
	"a process that stands still for longer than its lease, and goes on: it is fenced": {
		faults: { freezes: 12, slowRuns: 1, stuckRuns: 0 },
		hits: ({ stories }) => stories.some(({ recorded }) => recorded.some(({ isFenced }) => isFenced)),
	},
	"a caller's disk that is full: the call is refused, and kept when it is made again": {
		faults: { fullDisks: 20, flushMs: 50 },
		hits: ({ stories }) => stories.some(({ invoked, kept }) => invoked.length > 1 && kept.length === 1),
	},
	"a domain's disk that is full: the call is refused, and accepted when there is room": {
		faults: { fullDisks: 20, flushMs: 50 },
		hits: (world) =>
			world.stories.some(({ kept, accepted }) => {
				const [since, until] = [kept[0]?.at ?? 0, accepted[0]?.at ?? 0];
				return faultsOf(world, "full fn.").some(({ at }) => at < until) && until - since > 1_000;
			}),
	},
	"a disk that takes nothing any more, or says nothing for a while": {
		faults: { brokenDisks: 4, stuckDisks: 4, flushMs: 50 },
		hits: (world) => faultsOf(world, "broken").length > 0 && during(world, faultsOf(world, "stuck")),
	},
	"wall clocks that jump by an hour, also between two processes": {
		faults: { wallJumps: 12, domainCrashes: 4, callerCrashes: 4, providerCrashes: 4, slowRuns: 1 },
		hits: (world) => during(world, faultsOf(world, "jump")),
	},
	"accounts that lie: forged acknowledgements and outcomes, and what belongs to others": {
		faults: { liars: 2 },
		hits: ({ stories }) =>
			stories.some(({ recorded }) => recorded.some(({ from, isFenced }) => from.startsWith("liar") && isFenced)),
	},
	"administrators who redrive and purge dead letters, whether that was done before or not": {
		faults: { administrators: 2, retryableRuns: 0.9, loss: 0.1, copies: 0.1 },
		hits: ({ events, stories }) =>
			stories.some(({ made, started }) => made.length > 0 && started.length > 0) &&
			events.some(({ type }) => type === "purged"),
	},
};

describe("every promise is kept under", () => {
	let delivery: Delivery;
	beforeAll(async () => {
		delivery = await loadDelivery();
	});

	it.each(Object.entries(CASES))("%s", (_, { faults, hits }) => {
		let hit = 0;
		for (let seed = 1; seed <= SEEDS || (hit === 0 && seed <= MOST_SEEDS); seed++) {
			const given = { ...QUIET, ...faults };
			const outcome = simulate(delivery, seed, given);
			expect(outcome.violation, reportOf(outcome, given)).toBeUndefined();
			const { events } = outcome.history;
			if (hits({ events, stories: [...storiesOf(events).values()] })) hit++;
		}
		expect(hit, "worlds in which it happened").toBeGreaterThan(0);
	});
});
