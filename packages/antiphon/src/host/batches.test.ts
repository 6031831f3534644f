import { MAX_BATCH_BYTES, MAX_ITEMS } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { batches } from "./batches.js";

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const sizes = <Item>(all: readonly (readonly Item[])[]) => all.map(({ length }) => length);

it("As many travel together as may, in their order, and no more", () => {
	expect(batches(numbers(MAX_ITEMS), () => "a")).toEqual([numbers(MAX_ITEMS)]);
	const made = batches(numbers(2 * MAX_ITEMS + 1), () => "a");
	expect(sizes(made)).toEqual([MAX_ITEMS, MAX_ITEMS, 1]);
	expect(made.flat()).toEqual(numbers(2 * MAX_ITEMS + 1));
});

it("Those of one group travel together, also when others come between", () => {
	expect(batches(numbers(7), (n) => `${n % 3}`)).toEqual([
		[0, 3, 6],
		[1, 4],
		[2, 5],
	]);
});

it("What is large travels with less, and what is larger than a stanza should be, alone", () => {
	const all = [10_000, 10_000, 10_000, 10_000, 2 * MAX_BATCH_BYTES, 10_000];
	expect(
		sizes(
			batches(
				all,
				() => "a",
				(bytes) => bytes,
			),
		),
	).toEqual([3, 1, 1, 1]);
});
