import { DURATION_BUCKETS, durationBucket, type FunctionReport } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { StatisticsSum } from "./statistics-sum.js";

function report(fn: string, took: readonly number[], more: Partial<FunctionReport> = {}): FunctionReport {
	const durations = new Array<number>(DURATION_BUCKETS).fill(0);
	for (const ms of took) durations[durationBucket(ms)] = (durations[durationBucket(ms)] ?? 0) + 1;
	return { fn, calls: took.length, errors: 0, running: 0, lastError: undefined, durations, ...more };
}

describe("the sum of what instances report", () => {
	it("has percentiles of all calls, not a mean of percentiles", () => {
		const sum = new StatisticsSum();
		const quick = new Array<number>(96).fill(1);
		sum.add({ service: "dictionary", instance: "quick" }, [report("define", quick, { running: 2 })]);
		sum.add({ service: "dictionary", instance: "slow" }, [report("define", [500, 500, 500, 500], { errors: 1 })]);
		const { functions, silent, ...all } = sum.result();
		expect(silent).toEqual([]);
		const [define] = functions;
		expect(define).toMatchObject({ name: "dictionary.define", calls: 100, errors: 1, running: 2 });
		expect(define?.p95Ms).toBeCloseTo(1, 0);
		expect(define?.instances.map(({ instance, p50Ms }) => [instance, Math.round(p50Ms ?? 0)])).toEqual([
			["quick", 1],
			["slow", 531],
		]);
		const { name: _, instances: __, ...numbers } = define as NonNullable<typeof define>;
		expect(all).toEqual(numbers);
	});

	it("is of every function, in the order of names, with the latest error", () => {
		const sum = new StatisticsSum();
		const error = (agoMs: number) => ({ code: "internal" as const, message: `${agoMs} ms ago`, agoMs });
		sum.add({ service: "b", instance: "1" }, [report("f", [], { lastError: error(500) }), report("e", [])]);
		sum.add({ service: "b", instance: "2" }, [report("f", [], { lastError: error(20) }), report("e", [])]);
		sum.add({ service: "a", instance: "1" }, [report("z", [1], { lastError: error(90) })]);
		const { functions, lastError, calls } = sum.result();
		expect(functions.map(({ name, lastError: last }) => [name, last?.agoMs])).toEqual([
			["a.z", 90],
			["b.e", undefined],
			["b.f", 20],
		]);
		expect([lastError?.agoMs, calls]).toEqual([20, 1]);
		expect(functions[1]?.p50Ms).toBeUndefined();
	});

	it("keeps no more than an answer holds, whatever is reported", () => {
		const sum = new StatisticsSum();
		const many = Array.from({ length: 4096 }, (_, i) => report(`f${i}`, []));
		for (const instance of ["1", "2", "3"]) sum.add({ service: "a", instance }, many);
		sum.addSilent({ service: "a", instance: "4", code: "internal", message: "" });
		expect(sum.isTooMuch).toBe(true);
		const { functions, silent } = sum.result();
		expect(functions.length).toBeLessThan(1024);
		expect(silent).toEqual([]);
	});
});
