import { expect, it } from "vitest";
import { Load } from "./load.js";

/** After each renewal, whether it counts as full. */
function heard(...renewals: readonly boolean[]): boolean[] {
	const load = new Load();
	return renewals.map((isFull) => {
		load.heard(isFull);
		return load.isFull;
	});
}

it("An instance is at its limit when that lasts, and no longer when the contrary does", () => {
	expect(heard(true, true, true)).toEqual([false, false, true]);
	expect(heard(true, true, true, true, false, false, false)).toEqual([false, false, true, true, true, true, false]);
});

it("What changes with each renewal changes nothing", () => {
	const alternating = Array.from({ length: 20 }, (_, i) => i % 2 === 0);
	expect(heard(...alternating)).not.toContain(true);
	expect(heard(true, true, true, ...alternating).slice(2)).not.toContain(false);
});
