import { expect, it } from "vitest";
import { statisticsLines } from "./statistics.js";

const NONE = { calls: 0, errors: 0, running: 0, p50Ms: undefined, p95Ms: undefined, lastError: undefined };

it("an instance that does not tell is registered all the same", () => {
	const silent = [{ service: "work", instance: "a", code: "deadline-exceeded" as const, message: "no answer" }];
	expect(statisticsLines("fn.localhost", { ...NONE, functions: [], silent })).toEqual([
		"work/a did not tell: deadline-exceeded: no answer",
	]);
	expect(statisticsLines("fn.localhost", { ...NONE, functions: [], silent: [] })).toEqual([
		"nothing is registered with fn.localhost now",
	]);
});
