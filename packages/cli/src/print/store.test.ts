import { describe, expect, it } from "vitest";
import type { CheckedStore } from "../hosting/check-store.js";
import { storeJson, storeLines } from "./store.js";

const sound: CheckedStore = {
	file: "/var/fn/queue.mdb",
	fileBytes: 5_242_880,
	usedBytes: 90_112,
	freeBytes: 8_000_000,
	problems: [],
	problemsFound: 0,
	records: 1_234,
	calls: { waiting: 1_000, delayed: 2, chained: 3, leased: 4, settled: 5 },
	outcomes: 5,
	deadLetters: 1,
};

describe("what is said of a store", () => {
	it("is how much of everything there is", () => {
		expect(storeLines(sound)).toEqual([
			"/var/fn/queue.mdb is sound",
			"calls: 1,000 waiting, 2 delayed, 3 chained, 4 leased, 5 settled",
			"outcomes: 5",
			"dead letters: 1",
			"on disk: 5,242,880 bytes, 90,112 of them in use by 1,234 records; 8,000,000 are free",
		]);
		expect(storeJson(sound)).toMatchObject({ sound: true, bytes: { file: 5_242_880, used: 90_112, free: 8_000_000 } });
	});

	it("is what is wrong, and how much more", () => {
		const damaged = { ...sound, problems: ["call 1 is \u001b[31mmissing"], problemsFound: 1_001 };
		expect(storeLines(damaged)[0]).toBe("/var/fn/queue.mdb is not sound: 1,001 problems");
		expect(storeLines(damaged).slice(-2)).toEqual([
			expect.stringMatching(/^problem: call 1 is [^\u001b]*$/),
			"and 1,000 more",
		]);
		expect(storeJson(damaged)).toMatchObject({ sound: false, problemsFound: 1_001 });
	});
});
