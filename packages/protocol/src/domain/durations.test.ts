import { describe, expect, it } from "vitest";
import {
	addDurations,
	DURATION_BUCKETS,
	decodeDurations,
	durationAt,
	durationBucket,
	encodeDurations,
} from "./durations.js";

const counted = (...durations: number[]) => {
	const counts = new Array<number>(DURATION_BUCKETS).fill(0);
	for (const ms of durations) counts[durationBucket(ms)] = (counts[durationBucket(ms)] ?? 0) + 1;
	return counts;
};

describe("durations", () => {
	it.each([
		[0, 0],
		[-1, 0],
		[Number.NaN, 0],
		[0.1, 0],
		[0.2, 4],
		[0.21, 5],
		[100, 40],
		[86_400_000, 80],
		[Number.POSITIVE_INFINITY, 80],
	])("of %d ms fall into bucket %d", (ms, bucket) => {
		expect(durationBucket(ms)).toBe(bucket);
	});

	it("give percentiles that are at most a tenth off", () => {
		const durations = Array.from({ length: 1000 }, (_, i) => 1.01 ** i);
		const counts = counted(...durations);
		for (const share of [0.01, 0.5, 0.95, 0.99, 1]) {
			const exact = durations[Math.ceil(share * 1000) - 1] as number;
			expect((durationAt(share, counts) as number) / exact).toBeGreaterThan(0.9);
			expect((durationAt(share, counts) as number) / exact).toBeLessThan(1.1);
		}
		expect(durationAt(0.5, counted())).toBeUndefined();
		expect(durationAt(0, counted(5))).toBeCloseTo(5, 0);
	});

	it("of two instances add up to those of both, which percentiles do not", () => {
		const sum = counted();
		addDurations(sum, counted(1, 1, 1));
		addDurations(sum, counted(1, 900));
		expect(sum).toEqual(counted(1, 1, 1, 1, 900));
	});

	it("survive the wire", () => {
		const counts = counted(0, 1, 1, 50, 1e9);
		expect(encodeDurations(counts)).toBe("0:1 14:2 36:1 80:1");
		expect(decodeDurations(encodeDurations(counts))).toEqual(counts);
		expect(decodeDurations("")).toEqual(counted());
	});

	it.each([
		" ",
		"x",
		"1",
		"1:",
		"1:0",
		"-1:1",
		"81:1",
		"2:1 1:1",
		"1:1 1:1",
		"1:1  2:1",
		"01:1",
		"1:1e9",
		"1:9999999999999",
	])("refuse %j", (text) => {
		expect(() => decodeDurations(text)).toThrow(expect.objectContaining({ code: "protocol" }));
	});
});
