import { describe, expect, it } from "vitest";
import { MAX_TIMER_MS, requireNames, resolveNumbers } from "./settings.js";

const DEFAULTS = { maxThings: 10, maxBytes: undefined as number | undefined, waitMs: 100, pingAfterMs: 50 };
const resolve = (given: object) => resolveNumbers(DEFAULTS, given, "limits", { never: ["pingAfterMs"] });

describe("Settings that are numbers", () => {
	it("are the defaults where nothing is given", () => {
		expect(resolve({})).toEqual(DEFAULTS);
		expect(resolve({ maxThings: undefined })).toEqual(DEFAULTS);
		expect(resolve({ maxThings: 1, maxBytes: 2, waitMs: MAX_TIMER_MS, pingAfterMs: Number.POSITIVE_INFINITY })).toEqual(
			{
				maxThings: 1,
				maxBytes: 2,
				waitMs: MAX_TIMER_MS,
				pingAfterMs: Number.POSITIVE_INFINITY,
			},
		);
	});

	it.each<[string, object]>([
		["limits.maxThing: there is no such setting; did you mean maxThings?", { maxThing: 1 }],
		["limits.toString: there is no such setting; there are maxThings, maxBytes, waitMs, pingAfterMs", { toString: 1 }],
		["limits.maxThings must be a whole number from 1 to 9007199254740991, not 0", { maxThings: 0 }],
		["limits.maxThings must be a whole number from 1 to 9007199254740991, not 1.5", { maxThings: 1.5 }],
		["limits.maxBytes must be a whole number from 1 to 9007199254740991, not Infinity", { maxBytes: 1 / 0 }],
		["limits.waitMs must be a whole number from 1 to 2147483647, not NaN", { waitMs: Number.NaN }],
		["limits.waitMs must be a whole number from 1 to 2147483647, not 2147483648", { waitMs: MAX_TIMER_MS + 1 }],
		["limits.waitMs must be a whole number from 1 to 2147483647, not Infinity", { waitMs: 1 / 0 }],
		["limits.waitMs must be a whole number from 1 to 2147483647, not 10", { waitMs: "10" }],
		["limits.pingAfterMs must be a whole number from 1 to 2147483647 or Infinity, not -1", { pingAfterMs: -1 }],
	])("are refused: %s", (message, given) => {
		expect(() => resolve(given)).toThrow(expect.objectContaining({ code: "invalid-argument", message }));
	});

	it("are refused when they are no object", () => {
		expect(() => resolve(null as never)).toThrow("limits must be an object, not null");
	});

	it("may be 0 where that means something", () => {
		const resolveZero = (given: object) => resolveNumbers(DEFAULTS, given, "limits", { zero: ["maxThings"] });
		expect(resolveZero({ maxThings: 0 }).maxThings).toBe(0);
		expect(() => resolveZero({ maxThings: -1 })).toThrow("limits.maxThings must be a whole number from 0 to");
		expect(() => resolveZero({ maxBytes: 0 })).toThrow("limits.maxBytes must be a whole number from 1 to");
	});

	it("may have a lower limit for times", () => {
		expect(() => resolveNumbers(DEFAULTS, { waitMs: 11 }, "limits", { maxMs: 10 })).toThrow("from 1 to 10");
	});
});

describe("Options", () => {
	const names = ["timeoutMs", "signal"];

	it("have these names and no others", () => {
		for (const given of [{}, { timeoutMs: undefined }, { signal: 1, timeoutMs: 2 }]) requireNames(given, names);
	});

	it.each<[string, unknown]>([
		["timeout: there is no such setting; did you mean timeoutMs?", { timeout: 1 }],
		["timeout: there is no such setting; did you mean timeoutMs?", { signal: 1, timeout: undefined }],
		["toString: there is no such setting; there are timeoutMs, signal", { toString: 1 }],
		["the options must be an object, not 500", 500],
		["the options must be an object, not null", null],
	])("are refused: %s", (message, given) => {
		expect(() => requireNames(given, names)).toThrow(expect.objectContaining({ code: "invalid-argument", message }));
	});
});
