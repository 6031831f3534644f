import { type Instance, Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Departures } from "./departures.js";

const at = (name: string) => Jid.parse(`worker@example.org/${name}`);
const here = (...names: readonly string[]): Instance[] =>
	names.map((name) => {
		const busy = { state: "available", running: 0, concurrency: 8 } as const;
		return { name, jid: at(name), version: "1.0.0", labels: {}, ...busy };
	});

function waiting() {
	const departures = new Departures();
	const told: string[] = [];
	return { departures, told, on: (name: string, as = name) => departures.on(at(name), () => told.push(as)) };
}

describe("who waits for an instance", () => {
	it("is told when it has gone, all who wait, and each time that it is told of again", () => {
		const { departures, told, on } = waiting();
		for (const as of ["one", "other"]) on("a", as);
		on("b");
		departures.update(here("a", "b"));
		expect(told).toEqual([]);
		departures.update(here("b", "c"));
		expect(told).toEqual(["one", "other"]);
		departures.update([]);
		expect(told).toEqual(["one", "other", "one", "other", "b"]);
	});

	it("is told no more once that is called off, and nothing is kept of it then", () => {
		const { departures, told, on } = waiting();
		const [off, offToo] = [on("a", "one"), on("a", "other")];
		off();
		expect(departures.size).toBe(1);
		departures.update([]);
		expect(told).toEqual(["other"]);
		offToo();
		expect(departures.size).toBe(0);
		// Called off twice it does not take those along who came later.
		on("a", "later");
		off();
		offToo();
		departures.update([]);
		expect(told).toEqual(["other", "later"]);
	});

	it("may call it off, or wait again, while being told", () => {
		const { departures, told, on } = waiting();
		const off = departures.on(at("a"), () => {
			off();
			offToo();
			on("a", "again");
		});
		const offToo = on("a", "other");
		departures.update([]);
		expect(told).not.toContain("again");
		departures.update([]);
		expect(told.filter((as) => as === "again")).toHaveLength(1);
	});
});
