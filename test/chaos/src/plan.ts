import { Random } from "#sim/random";

/** What is done to a process, to a link, or to the disk. */
export type FaultKind = "kill" | "pause" | "cut" | "hang-up" | "refuse" | "stall" | "fill";

/** One fault. Times in milliseconds, `at` from the start of the faults. */
export interface Fault {
	readonly at: number;
	readonly kind: FaultKind;
	/** A process: `caller-1`, `provider-2`, `domain`, `server`. For faults of links that of the process's own link, for `fill` the disk. */
	readonly target: string;
	/** How long a process stays away or stands still, a link is spoiled, the disk is full. */
	readonly forMs: number;
}

export interface PlanOptions {
	readonly seed: number;
	readonly totalMs: number;
	/** Between two faults, on average. */
	readonly everyMs: number;
	readonly callers: readonly string[];
	readonly providers: readonly string[];
	/** Whether the disk can be filled here. */
	readonly disk: boolean;
}

/** The shortest and longest, each fault as likely to be short as to be long. */
const LASTING: Readonly<Record<FaultKind, readonly [number, number]>> = {
	kill: [1, 4_000],
	pause: [100, 8_000],
	cut: [0, 0],
	"hang-up": [0, 0],
	refuse: [200, 6_000],
	stall: [200, 12_000],
	fill: [2_000, 15_000],
};
/** A link that is mute for so long is given up by both of its ends. */
const DEAD_LINK_MS = 28_000;
/** A provider that stands still for so long has lost its leases. */
const LOST_LEASE_MS = 55_000;
/** Faults of such a length come seldom, and only where there is time for them and for what follows. */
const LONG_CHANCE = 0.08;
const ROOM_FOR_LONG = 2;
/** A fault is no longer than this part of all. */
const MOST = 0.4;
/** What is left alone after a fault, before there is another one of the same. */
const CALM_MS = 400;

/**
 * All that is going to break, in order, from the seed alone. Each kind of fault comes once, to each part that it can come to,
 * before anything comes at random, as far as there is time; nothing is broken twice at the same time.
 */
export function planOf(options: PlanOptions): Fault[] {
	const { totalMs, everyMs } = options;
	const random = new Random(options.seed, "chaos");
	const possible = possibleFaults(options);
	const first = shuffled(oneOfEach(options, random), random);
	const busyUntil = new Map<string, number>();
	const faults: Fault[] = [];
	let at = 0;
	for (;;) {
		at += Math.round(everyMs * (0.5 + random.fraction()));
		if (at >= totalMs) return faults;
		const next = first.shift();
		const fault = next ?? random.pick(possible);
		const { kind, target } = fault;
		const place = placeOf(kind, target);
		if (at < (busyUntil.get(place) ?? 0)) {
			if (next !== undefined) first.push(next);
			continue;
		}
		const wanted = lastingOf(kind, target, random, totalMs - at);
		const forMs = Math.min(wanted, Math.round(MOST * totalMs), totalMs - at);
		busyUntil.set(place, at + forMs + CALM_MS);
		faults.push({ at, kind, target, forMs });
	}
}

/** A process and its link may suffer at the same time. */
function placeOf(kind: FaultKind, target: string): string {
	return kind === "kill" || kind === "pause" || kind === "fill" ? target : `link of ${target}`;
}

interface Possible {
	readonly kind: FaultKind;
	readonly target: string;
}

const OF_LINKS = ["cut", "hang-up", "refuse", "stall"] as const;
const OF_PROCESSES = ["kill", "pause"] as const;

/** As often in the list as it should come. */
function possibleFaults({ callers, providers, disk }: PlanOptions): Possible[] {
	const ours = [...callers, ...providers, "domain"];
	const faults: Possible[] = [];
	for (const target of ours) {
		for (const kind of OF_PROCESSES) faults.push({ kind, target }, { kind, target });
		for (const kind of OF_LINKS) faults.push({ kind, target });
	}
	for (const kind of OF_PROCESSES) faults.push({ kind, target: "server" }, { kind, target: "domain" });
	if (disk) for (let i = 0; i < 3; i++) faults.push({ kind: "fill", target: "disk" });
	return faults;
}

function oneOfEach({ callers, providers, disk }: PlanOptions, random: Random): Possible[] {
	const roles = () => [random.pick(callers), random.pick(providers), "domain"];
	return [
		...[...roles(), "server"].map((target) => ({ kind: "kill", target }) as const),
		...[...roles(), "server"].map((target) => ({ kind: "pause", target }) as const),
		...OF_LINKS.map((kind) => ({ kind, target: random.pick(roles()) })),
		...(disk ? [{ kind: "fill", target: "disk" } as const] : []),
	];
}

function lastingOf(kind: FaultKind, target: string, random: Random, leftMs: number): number {
	const isLong = random.chance(LONG_CHANCE);
	if (isLong && kind === "stall" && leftMs > ROOM_FOR_LONG * DEAD_LINK_MS) return DEAD_LINK_MS;
	const losesLease = kind === "pause" && target.startsWith("provider");
	if (isLong && losesLease && leftMs > ROOM_FOR_LONG * LOST_LEASE_MS) return LOST_LEASE_MS;
	const [least, most] = LASTING[kind];
	return most === 0 ? 0 : random.spread(least, most);
}

function shuffled<T>(list: T[], random: Random): T[] {
	for (let i = list.length - 1; i > 0; i--) {
		const j = random.below(i + 1);
		[list[i], list[j]] = [list[j] as T, list[i] as T];
	}
	return list;
}
