import { Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Watchers } from "./watchers.js";

const HOME = "example.org";
const caller = (name: string, resource = "x") => Jid.parse(`${name}@example.org/${resource}`);
const toldOf = (watchers: Watchers, service: string, nowMs: number) =>
	watchers.of(service, nowMs).map(({ jid }) => jid.toString());

describe("watchers", () => {
	it("are told until their time is over; who asks again is told longer, once", () => {
		const watchers = new Watchers(10, HOME);
		watchers.add("a", caller("alice"), 0, 100);
		watchers.add("a", caller("bob"), 0, 1_000);
		watchers.add("a", caller("alice"), 50, 100);
		expect(toldOf(watchers, "a", 149)).toEqual(["bob@example.org/x", "alice@example.org/x"]);
		expect(toldOf(watchers, "a", 150)).toEqual(["bob@example.org/x"]);
		watchers.endAll(1_000);
		expect(watchers.size).toBe(0);
	});

	it("are bounded, in all and for each account, whatever its resources; places come free again", () => {
		const watchers = new Watchers(1_500, HOME);
		for (let i = 0; i < 1_024; i++) expect(watchers.add(`s${i}`, caller("greedy", `${i}`), 0, 100)).toBe(true);
		expect(watchers.add("one-more", caller("greedy"), 0, 100)).toBe(false);
		expect(watchers.add("one-more", caller("alice"), 0, 100)).toBe(true);
		for (let i = 0; i < 475; i++) expect(watchers.add("a", caller(`user${i}`), 0, 100)).toBe(true);
		expect(watchers.size).toBe(1_500);
		// Who is there already keeps a place.
		expect(watchers.add("a", caller("user0"), 0, 100)).toBe(true);
		watchers.endAll(100);
		expect(watchers.size).toBe(0);
		expect(watchers.add("one-more", caller("greedy"), 100, 100)).toBe(true);
	});

	it("of an account with most give a place to whoever has fewer, and are told no more", () => {
		const watchers = new Watchers(40, HOME, 20);
		for (const account of ["mallory", "trudy"]) {
			for (let i = 0; i < 20; i++) watchers.add(`s${i}`, caller(account), 0, 100);
		}
		for (let i = 0; i < 40; i++) expect(watchers.add("a", caller(`user${i}`), 0, 100)).toBe(i < 38);
		expect(watchers.size).toBe(40);
		expect(toldOf(watchers, "a", 1)).toHaveLength(38);
		expect(watchers.services()).toEqual(["s0", "a"]);
		expect(toldOf(watchers, "s0", 1)).toEqual(["mallory@example.org/x", "trudy@example.org/x"]);
		// It has one; to ask for the same again costs nobody anything, and for more it has no right.
		expect(watchers.add("s0", caller("mallory"), 1, 100)).toBe(true);
		expect(watchers.add("s1", caller("mallory"), 1, 100)).toBe(false);
		watchers.endAll(101);
		expect(watchers.size).toBe(0);
		expect([...watchers.callers()]).toEqual([]);
	});

	it("of one domain give places to those of others, however many accounts it has", () => {
		const watchers = new Watchers(10, HOME);
		for (let i = 0; i < 20; i++) watchers.add("a", Jid.parse(`u${i}@evil.example/x`), 0, 100);
		for (let i = 0; i < 5; i++) expect(watchers.add("a", Jid.parse(`u${i}@partner.example/x`), 0, 100)).toBe(true);
		expect(watchers.add("a", Jid.parse("u5@partner.example/x"), 0, 100)).toBe(false);
		expect(toldOf(watchers, "a", 1).filter((jid) => jid.includes("evil"))).toHaveLength(5);
	});

	it("of the bus's own domain keep their places, however many others come", () => {
		const watchers = new Watchers(1_000, HOME);
		for (let i = 0; i < 950; i++) watchers.add("a", caller(`user${i}`), 0, 100);
		for (let domain = 0; domain < 100; domain++) {
			for (let i = 0; i < 20; i++) watchers.add("a", Jid.parse(`u${i}@${domain}.partner.example/x`), 0, 100);
		}
		const home = watchers.of("a", 1).filter(({ jid }) => jid.domain === HOME);
		expect(home.length).toBeGreaterThanOrEqual(945);
		expect(watchers.size).toBe(1_000);
	});
});
