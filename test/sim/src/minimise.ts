import type { Delivery } from "./delivery.js";
import { planned } from "./faults.js";
import { FAULT_NAMES, type Options } from "./options.js";
import { type Outcome, simulate } from "./world.js";

/** How many worlds it may take. */
const MAX_RUNS = 300;

/**
 * A smaller world in which the same promise is broken: with fewer kinds of faults, fewer calls and machines, and without the
 * single faults that do not matter.
 */
export function minimise(delivery: Delivery, failed: Outcome): Outcome {
	const rule = failed.violation?.rule;
	let best = failed;
	let runs = 0;
	const tries = (change: Partial<Options>): boolean => {
		if (runs++ >= MAX_RUNS) return false;
		const outcome = simulate(delivery, failed.seed, { ...best.options, ...change });
		if (outcome.violation?.rule !== rule) return false;
		best = outcome;
		return true;
	};
	for (const name of FAULT_NAMES) if (best.options[name] !== 0) tries({ [name]: 0 });
	for (const name of ["calls", "callers", "providers"] as const) {
		while (best.options[name] > 1 && tries({ [name]: Math.floor(best.options[name] / 2) }));
	}
	for (const name of ["lostCallers", "lostProviders", "administrators"] as const)
		if (best.options[name] !== 0) tries({ [name]: 0 });
	const numbers = planned(best.history.events);
	for (let size = Math.ceil(numbers.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
		for (let i = 0; i < numbers.length; i += size) {
			const some = numbers.slice(i, i + size).filter((number) => !best.options.mute.includes(number));
			if (some.length > 0) tries({ mute: [...best.options.mute, ...some] });
		}
	}
	return best;
}
