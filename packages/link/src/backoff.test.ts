import { describe, expect, it } from "vitest";
import { backoffMs } from "./backoff.js";

const settings = { minMs: 100, maxMs: 30_000 };

describe("The back-off", () => {
	it("doubles its ceiling with each failure, up to the longest wait", () => {
		const ceilings = [1, 2, 3, 4, 8, 9, 10, 5000].map((failures) => backoffMs(failures, settings, () => 0.999999));
		expect(ceilings).toEqual([200, 400, 800, 1600, 25_600, 30_000, 30_000, 30_000]);
	});

	it("spreads over the whole stretch and never goes below the shortest wait", () => {
		expect(backoffMs(1, settings, () => 0)).toBe(100);
		expect(backoffMs(20, settings, () => 0)).toBe(100);
		expect(backoffMs(20, settings, () => 0.5)).toBe(15_050);
	});
});
