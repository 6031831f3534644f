import { describe, expect, it } from "vitest";
import { backOffMs } from "./back-off.js";

const backOff = { firstMs: 1_000, maxMs: 60_000 };

describe("back-off", () => {
	it("doubles up to the longest, of which it waits at least half", () => {
		for (let attempts = 1; attempts < 100; attempts++) {
			const wholeMs = Math.min(60_000, 1_000 * 2 ** (attempts - 1));
			const waitMs = backOffMs(backOff, attempts, "call");
			expect(waitMs).toBeGreaterThanOrEqual(wholeMs / 2);
			expect(waitMs).toBeLessThanOrEqual(wholeMs);
		}
	});

	it("is the same each time for the same attempt at the same thing", () => {
		expect(backOffMs(backOff, 3, "call")).toBe(backOffMs(backOff, 3, "call"));
	});

	it("spreads what has failed together over the whole of the other half", () => {
		const tenths = new Array<number>(10).fill(0);
		for (let i = 0; i < 10_000; i++) {
			const tenth = Math.floor((backOffMs({ firstMs: 2_000_000, maxMs: 1e9 }, 1, `call-${i}`) - 1e6) / 100_001);
			tenths[tenth] = (tenths[tenth] ?? 0) + 1;
		}
		for (const count of tenths) expect(count).toBeGreaterThan(850);
		for (const count of tenths) expect(count).toBeLessThan(1_150);
	});
});
