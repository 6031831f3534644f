import { describe, expect, it } from "vitest";
import { Ring } from "./ring.js";

function ringOf(...things: string[]) {
	const ring = new Ring<string>();
	for (const thing of things) ring.add(thing);
	return ring;
}

describe("things that have their turn", () => {
	it("are in the order in which they were added, each once", () => {
		const ring = ringOf("a", "b", "c");
		expect(ring.add("b")).toBe(false);
		expect([...ring]).toEqual(["a", "b", "c"]);
		expect([ring.first, ring.size]).toEqual(["a", 3]);
	});

	it("come behind the others when they have had it", () => {
		const ring = ringOf("a", "b", "c");
		ring.hasHadTurn("a");
		ring.hasHadTurn("c");
		ring.hasHadTurn("d");
		expect([...ring]).toEqual(["b", "a", "c"]);
	});

	it("go from wherever they are, and may come back", () => {
		const ring = ringOf("a", "b", "c", "d");
		expect([ring.delete("b"), ring.delete("b")]).toEqual([true, false]);
		expect([...ring]).toEqual(["a", "c", "d"]);
		ring.delete("c");
		expect([...ring]).toEqual(["a", "d"]);
		ring.delete("d");
		ring.add("c");
		ring.delete("a");
		ring.add("b");
		expect([...ring]).toEqual(["c", "b"]);
		ring.clear();
		expect([ring.first, ring.size, ...ring]).toEqual([undefined, 0]);
		ring.add("e");
		expect([...ring]).toEqual(["e"]);
	});
});
