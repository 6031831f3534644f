import { describe, expect, it } from "vitest";
import { MAX_TIMER_MS, resolveNumbers } from "./settings.js";

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
		["limits.maxThing: there is no such setting", { maxThing: 1 }],
		["limits.toString: there is no such setting", { toString: 1 }],
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

	it("may have a lower limit for times", () => {
		expect(() => resolveNumbers(DEFAULTS, { waitMs: 11 }, "limits", { maxMs: 10 })).toThrow("from 1 to 10");
	});
});
