import type { Event } from "./history.js";
import type { Options } from "./options.js";
import type { Random } from "./random.js";

/** One fault of a world, decided before it begins. Times in milliseconds of the world. */
export type Fault = { readonly number: number; readonly at: number; readonly forMs: number } & (
	| { readonly kind: "cut"; readonly host: string; readonly out: boolean; readonly in: boolean }
	| { readonly kind: "server" }
	| { readonly kind: "relink"; readonly host: string }
	/** Dies after so many more things that it does. */
	| { readonly kind: "crash"; readonly host: string; readonly acts: number }
	| { readonly kind: "freeze"; readonly host: string }
	| { readonly kind: "full" | "stuck" | "broken"; readonly host: string }
	/** Little room is left for the queue. */
	| { readonly kind: "tight" }
	| { readonly kind: "jump"; readonly host: string; readonly byMs: number }
);

/** Numbers of planned faults start here; those below are of stanzas. */
export const FIRST_PLANNED = 1_000_000;

export interface Hosts {
	readonly domain: string;
	readonly callers: readonly string[];
	readonly providers: readonly string[];
}

/** All faults of a world but those of single stanzas, in the order of their numbers. */
export function planOf(options: Options, hosts: Hosts, random: Random): Fault[] {
	const faults: Fault[] = [];
	const all = [hosts.domain, ...hosts.callers, ...hosts.providers];
	const most = options.faultyMs;
	const add = (count: number, make: () => Omit<Fault, "number" | "at"> & Record<string, unknown>) => {
		for (let i = 0; i < count; i++) {
			const number = FIRST_PLANNED + faults.length;
			faults.push({ number, at: random.below(most), ...make() } as Fault);
		}
	};
	const disk = (kind: "full" | "stuck" | "broken") => () => ({
		kind,
		host: random.chance(0.6) ? hosts.domain : random.pick(all),
		forMs: random.spread(10, 60_000),
	});
	const crash = (names: readonly string[]) => () => ({
		kind: "crash" as const,
		host: random.pick(names),
		acts: random.chance(0.5) ? 0 : random.below(8),
		forMs: random.spread(10, 120_000),
	});
	add(options.cuts, () => {
		const ways = random.pick([
			{ out: true, in: true },
			{ out: true, in: false },
			{ out: false, in: true },
		]);
		return { kind: "cut" as const, host: random.pick(all), ...ways, forMs: random.spread(500, 180_000) };
	});
	add(options.serverRestarts, () => ({ kind: "server" as const, forMs: random.spread(100, 60_000) }));
	add(options.relinks, () => ({ kind: "relink" as const, host: random.pick(all), forMs: random.spread(1, 10_000) }));
	add(options.callerCrashes, crash(hosts.callers));
	add(options.domainCrashes, crash([hosts.domain]));
	add(options.providerCrashes, crash(hosts.providers));
	add(options.freezes, () => ({ kind: "freeze" as const, host: random.pick(all), forMs: random.spread(1, 600_000) }));
	add(options.fullDisks, disk("full"));
	add(options.stuckDisks, disk("stuck"));
	add(options.brokenDisks, disk("broken"));
	add(options.tightDisks, () => ({ kind: "tight" as const, forMs: random.spread(100, 60_000) }));
	add(options.wallJumps, () => ({
		kind: "jump" as const,
		host: random.pick(all),
		byMs: random.between(-3_600_000, 3_600_000),
		forMs: 0,
	}));
	return faults;
}

/** The numbers of the planned faults that have happened. */
export function planned(events: readonly Event[]): number[] {
	return events.flatMap((event) => (event.type === "fault" ? [event.fault] : []));
}
