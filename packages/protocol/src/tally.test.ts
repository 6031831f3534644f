import { expect, it } from "vitest";
import { Tally } from "./tally.js";

it("a tally counts by key", () => {
	const tally = new Tally();
	tally.add("a", 2);
	tally.add("b", 1);
	tally.add("a", -1);
	expect([tally.of("a"), tally.of("b"), tally.of("c")]).toEqual([1, 1, 0]);
	tally.add("a", -1);
	expect(tally.of("a")).toBe(0);
});
