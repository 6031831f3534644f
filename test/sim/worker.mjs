// A process of main.mjs: runs its share of the worlds and says what came of them.
import { loadDelivery, minimise, optionsOf, reportOf, simulate } from "./dist/index.js";

process.once("message", async ({ first, step, end, given, delivery: folder, isSmaller, most }) => {
	const delivery = await loadDelivery(folder);
	const result = { seeds: 0, steps: 0, calls: 0, runs: 0, faults: 0, failures: [] };
	for (let seed = first; seed < end && result.failures.length < most; seed += step) {
		let outcome = simulate(delivery, seed, given);
		result.seeds++;
		result.steps += outcome.steps;
		for (const { type } of outcome.history.events) {
			if (type === "invoked") result.calls++;
			else if (type === "started") result.runs++;
			else if (type === "fault") result.faults++;
		}
		if (outcome.violation === undefined) continue;
		if (isSmaller) outcome = minimise(delivery, outcome);
		const { rule, what } = outcome.violation;
		result.failures.push({ seed, rule, what, report: reportOf(outcome, isSmaller ? changes(outcome) : given) });
	}
	process.send(result, () => process.disconnect());
});

/** What is not as the seed says it. */
function changes({ seed, options }) {
	const before = optionsOf(seed);
	return Object.fromEntries(Object.entries(options).filter(([name, value]) => String(before[name]) !== String(value)));
}
