import type { FunctionCount, SurveyEvent } from "./queue-events.js";
import { answer, isFit, type QueueState, type Turn } from "./queue-state.js";
import { serviceOf } from "./shelves.js";

type Counted = { -readonly [Key in keyof FunctionCount]: FunctionCount[Key] };

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
	for (const counted of functions.values()) {
		for (const { pull } of instances.pulling(serviceOf(counted.fn))) {
			if (pull === undefined || !isFit(state, counted.version, pull)) continue;
			counted.pulling++;
			counted.credit += pull.credit;
		}
	}
	const { open, leased, settled, dead } = book.meta;
	answer(turn, ask, { is: "surveyed", open, leased, settled, dead, functions: [...functions.values()] });
}
