import { describe, expect, it } from "vitest";
import { isServedBy } from "./version.js";

describe("isServedBy", () => {
	it.each([
		["1.0.0", "1.0.0", true],
		["1.0.0", "1.0.1", true],
		["1.2.3", "1.3.0", true],
		["1.9.0", "1.10.0", true],
		["1.0.1", "1.0.0", false],
		["1.3.0", "1.2.9", false],
		["1.10.0", "1.9.0", false],
		["1.0.0", "2.0.0", false],
		["2.0.0", "1.9.9", false],
		["0.1.0", "0.2.0", true],
		["1.0", "1.0.0", false],
		["1.0.0", "", false],
	])("a caller of version %s and a provider of version %s: %s", (asked, served, expected) => {
		expect(isServedBy(asked, served)).toBe(expected);
	});
});
