import { batches } from "./batches.js";
import { crashes } from "./crashes.js";
import type { ConformanceCase, MakeStore } from "./store-under-test.js";
import { trouble } from "./trouble.js";

/**
 * What every journal has to do, as cases for any test runner.
 *
 *     for (const { title, run } of journalConformance(makeStore)) it(title, run);
 */
export function journalConformance(makeStore: MakeStore): readonly ConformanceCase[] {
	return [...batches(makeStore), ...trouble(makeStore), ...crashes(makeStore)];
}
