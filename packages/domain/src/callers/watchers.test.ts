import { Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Watchers } from "./watchers.js";

const caller = (name: string, resource = "x") => Jid.parse(`${name}@example.org/${resource}`);
const toldOf = (watchers: Watchers, service: string, nowMs: number) =>
	watchers.of(service, nowMs).map(({ jid }) => jid.toString());

describe("watchers", () => {
	it("are told until their time is over; who asks again is told longer, once", () => {
		const watchers = new Watchers(10);
		watchers.add("a", caller("alice"), 0, 100);
		watchers.add("a", caller("bob"), 0, 1_000);
		watchers.add("a", caller("alice"), 50, 100);
		expect(toldOf(watchers, "a", 149)).toEqual(["bob@example.org/x", "alice@example.org/x"]);
		expect(toldOf(watchers, "a", 150)).toEqual(["bob@example.org/x"]);
		watchers.endAll(1_000);
		expect(watchers.size).toBe(0);
	});

	it("are bounded, in all and for each account, whatever its resources; places come free again", () => {
		const watchers = new Watchers(1_500);
		for (let i = 0; i < 1_024; i++) expect(watchers.add(`s${i}`, caller("greedy", `${i}`), 0, 100)).toBe(true);
		expect(watchers.add("one-more", caller("greedy"), 0, 100)).toBe(false);
		expect(watchers.add("one-more", caller("alice"), 0, 100)).toBe(true);
		for (let i = 0; i < 475; i++) expect(watchers.add("a", caller(`user${i}`), 0, 100)).toBe(true);
		expect(watchers.size).toBe(1_500);
		expect(watchers.add("a", caller("late"), 0, 100)).toBe(false);
		// Who is there already keeps a place.
		expect(watchers.add("a", caller("user0"), 0, 100)).toBe(true);
		watchers.endAll(100);
		expect(watchers.size).toBe(0);
		expect(watchers.add("one-more", caller("greedy"), 100, 100)).toBe(true);
	});
});
