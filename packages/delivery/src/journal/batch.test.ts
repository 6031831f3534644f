import { describe, expect, it } from "vitest";
import { encodeBatch } from "./batch.js";
import { encodeRecord } from "./record.js";

describe("a batch", () => {
	it("has the last write of each key", () => {
		const [one, two] = [Buffer.from("1"), Buffer.from("2")];
		const records = encodeBatch([
			["a", one],
			["b", one],
			["a", undefined],
			["c", undefined],
			["c", two],
		]);
		expect([...records]).toEqual([
			["a", undefined],
			["b", encodeRecord("b", one)],
			["c", encodeRecord("c", two)],
		]);
	});

	it.each(["", "k".repeat(201), "\u0100"])("with %j for a key is none", (key) => {
		expect(() =>
			encodeBatch([
				["a", Buffer.from("1")],
				[key, undefined],
			]),
		).toThrow(RangeError);
	});
});
