import { expect, it } from "vitest";
import { age } from "./age.js";

it.each([
	[0, "0.0 s"],
	[420, "0.4 s"],
	[9_949, "9.9 s"],
	[9_960, "10 s"],
	[119_000, "119 s"],
	[120_000, "2 min"],
	[7_200_000, "2 h"],
	[172_800_000, "2 d"],
])("tells %d ms as %s", (ms, text) => {
	expect(age(ms)).toBe(text);
});
