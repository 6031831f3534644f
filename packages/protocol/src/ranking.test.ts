import { describe, expect, it } from "vitest";
import { Ranking } from "./ranking.js";

describe("a ranking", () => {
	it("knows at any time who has most, as one that counts anew does", () => {
		const ranking = new Ranking();
		const counts = new Map([..."abcde"].map((key) => [key, 0]));
		// Every so often all of them fall to nothing.
		let random = 1;
		for (let i = 0; i < 5_000; i++) {
			random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
			const key = "abcde"[(random >>> 16) % 5] as string;
			const isMore = random >>> 28 < (i % 1_000 < 500 ? 11 : 3);
			if (isMore) ranking.add(key);
			else ranking.remove(key);
			counts.set(key, Math.max(0, (counts.get(key) as number) + (isMore ? 1 : -1)));
			expect(ranking.of(key)).toBe(counts.get(key));
			expect(counts.get(ranking.most ?? "") ?? 0).toBe(Math.max(...counts.values()));
		}
	});
});
