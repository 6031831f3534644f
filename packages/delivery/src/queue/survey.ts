import type { FunctionQueue } from "@antiphon/protocol";
import type { Instance } from "./instances.js";
import type { SurveyEvent } from "./queue-events.js";
import { answer, isFit, type QueueState, type Turn } from "./queue-state.js";
import { serviceOf } from "./shelves.js";

/** Instances of a service that serve one version. */
interface Taker {
	readonly version: string;
	pulling: number;
	credit: number;
}

type Counted = { -readonly [Key in keyof FunctionQueue]: FunctionQueue[Key] };

/** Counts what there is, from what is in memory: that grows with lanes and leases, and not with calls. */
export function survey(state: QueueState, turn: Turn, { ask }: SurveyEvent): void {
	const { book, lanes, leases, instances } = state;
	const functions = new Map<string, Counted>();
	for (const { fn, version, open, waiting } of lanes.all()) {
		const key = `${fn} ${version}`;
		const counted = functions.get(key) ?? { fn, version, open: 0, waiting: 0, leased: 0, pulling: 0, credit: 0 };
		functions.set(key, counted);
		counted.open += open;
		counted.waiting += waiting;
	}
	for (const { fn, version } of leases.all()) {
		const counted = functions.get(`${fn} ${version}`);
		if (counted !== undefined) counted.leased++;
	}
	const takers = new Map<string, Taker[]>();
	for (const counted of functions.values()) {
		const service = serviceOf(counted.fn);
		const known = takers.get(service) ?? takersOf(instances.pulling(service));
		takers.set(service, known);
		for (const { version, pulling, credit } of known) {
			if (!isFit(state, counted.version, version)) continue;
			counted.pulling += pulling;
			counted.credit += credit;
		}
	}
	const { open, leased, settled, dead } = book.meta;
	answer(turn, ask, { is: "surveyed", open, leased, settled, dead, functions: [...functions.values()] });
}

/** The instances that take calls, by the versions that they serve: these are few. */
function takersOf(instances: Iterable<Instance>): Taker[] {
	const takers = new Map<string, Taker>();
	for (const { pull } of instances) {
		if (pull === undefined) continue;
		const { version, credit } = pull;
		const known = takers.get(version) ?? { version, pulling: 0, credit: 0 };
		takers.set(version, known);
		known.pulling++;
		known.credit += credit;
	}
	return [...takers.values()];
}
