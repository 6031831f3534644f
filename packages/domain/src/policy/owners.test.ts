import { BusError, Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { checkedOwners, type KnownNames } from "./names.js";
import { type NameLimits, Owners } from "./owners.js";
import { type AccessOptions, Policy } from "./policy.js";

const at = (name: string, resource = "x") => Jid.parse(`${name}@example.org/${resource}`);
const refusal = (action: () => void) => {
	try {
		action();
	} catch (error) {
		return (error as BusError).code;
	}
	return "none";
};

const DAY_MS = 86_400_000;
const TODAY_MS = Date.parse("2026-11-21");
const LIMITS = { maxNames: 100, maxNamesPerAccount: 100, maxNamesPerDomain: 100, keepNamesDays: 30 };

function ownersOf(access: AccessOptions = {}, limits: Partial<NameLimits> = {}) {
	let changes = 0;
	let nowMs = TODAY_MS;
	let isSettling = false;
	const said: string[] = [];
	const served = new Set<string>();
	const policy = new Policy("fn.example.org", access);
	const made = (known: KnownNames, fixed: Readonly<Record<string, string>> = {}) =>
		new Owners({
			policy,
			home: "example.org",
			limits: { ...LIMITS, ...limits },
			known,
			fixed,
			isServed: (service) => served.has(service),
			isSettling: () => isSettling,
			now: () => nowMs,
			changed: () => void changes++,
			say: (message) => void said.push(message),
			deny: (message) => {
				throw new BusError("forbidden", message);
			},
		});
	return {
		owners: made({ owners: {} }),
		made,
		policy,
		served,
		said,
		changes: () => changes,
		pass(days: number) {
			nowMs += days * DAY_MS;
		},
		settling(is: boolean) {
			isSettling = is;
		},
	};
}

/** As a provider does it. @returns the code of the refusal, or none */
function register(owners: Owners, who: Jid, service: string): string {
	const code = refusal(() => owners.require(who, service));
	if (code === "none") owners.claim(who, service);
	return code;
}

describe("who owns a name", () => {
	it("is the first account to register it, also after a restart, and that is stored once", () => {
		const { owners, made, changes } = ownersOf();
		expect(owners.has("dictionary")).toBe(false);
		owners.require(at("alice"), "dictionary");
		owners.claim(at("alice"), "dictionary");
		owners.claim(at("bob"), "dictionary");
		expect(changes()).toBe(1);
		for (const each of [owners, made(owners.all())]) {
			expect(each.all()).toEqual({
				owners: { dictionary: "alice@example.org" },
				lastUsed: { dictionary: "2026-11-21" },
			});
			expect(refusal(() => each.require(at("alice", "other"), "dictionary"))).toBe("none");
			expect(refusal(() => each.require(at("bob"), "dictionary"))).toBe("forbidden");
			expect(refusal(() => each.require(Jid.parse("alice@evil.example/x"), "dictionary"))).toBe("forbidden");
		}
	});

	it("shares it with those whom policy names for it, not with those whom a pattern happens to fit", () => {
		const register = [{ allow: "bob@example.org", to: "dictionary" }, { allow: "*@example.org" }];
		const { owners } = ownersOf({ register });
		owners.claim(at("alice"), "dictionary");
		owners.claim(at("alice"), "billing");
		expect(refusal(() => owners.require(at("bob"), "dictionary"))).toBe("none");
		expect(refusal(() => owners.require(at("bob"), "billing"))).toBe("forbidden");
		expect(refusal(() => owners.require(at("carol"), "dictionary"))).toBe("forbidden");
	});

	it("is all who are named for a family of names, and nobody who is named for everything", () => {
		const robots = ["robot-1@example.org", "robot-2@example.org"];
		const register = [{ allow: robots, to: "lab-*" }, { allow: ["carol@example.org", "*@example.org"] }];
		const { owners } = ownersOf({ register });
		owners.claim(at("robot-1"), "lab-oven");
		expect(refusal(() => owners.require(at("robot-2"), "lab-oven"))).toBe("none");
		expect(refusal(() => owners.require(at("carol"), "lab-oven"))).toBe("forbidden");
		owners.claim(at("robot-1"), "kitchen-oven");
		expect(refusal(() => owners.require(at("robot-2"), "kitchen-oven"))).toBe("forbidden");
	});

	it("is nobody without policy, the owner neither", () => {
		const { made } = ownersOf({ register: [{ deny: "alice@example.org" }, { allow: "*" }] });
		const owners = made({ owners: { dictionary: "alice@example.org" } });
		expect(refusal(() => owners.require(at("alice"), "dictionary"))).toBe("forbidden");
	});

	it("is bounded in all and for each account, counting what was known before", () => {
		const { made } = ownersOf({}, { maxNames: 4, maxNamesPerAccount: 2 });
		const owners = made({ owners: { a: "greedy@example.org", b: "greedy@example.org" } });
		expect(refusal(() => owners.require(at("greedy"), "c"))).toBe("overloaded");
		expect(refusal(() => owners.require(at("greedy"), "a"))).toBe("none");
		owners.claim(at("alice"), "c");
		owners.claim(at("bob"), "d");
		expect(refusal(() => owners.require(at("carol"), "e"))).toBe("overloaded");
	});

	it("is bounded for the accounts of a foreign domain together, not for those of the domain above", () => {
		const open: AccessOptions = { register: [{ allow: "*" }] };
		const { owners } = ownersOf(open, { maxNamesPerDomain: 3 });
		const foreign = (i: number) => Jid.parse(`u${i}@evil.example/x`);
		for (let i = 0; i < 3; i++) expect(register(owners, foreign(i), `evil-${i}`)).toBe("none");
		expect(register(owners, foreign(3), "evil-3")).toBe("overloaded");
		for (let i = 0; i < 9; i++) expect(register(owners, at(`u${i}`), `good-${i}`)).toBe("none");
	});

	it("gives up no name while it is not known what has instances", () => {
		const { owners, pass, settling } = ownersOf({}, { maxNames: 1 });
		expect(register(owners, at("alice"), "a")).toBe("none");
		pass(31);
		settling(true);
		expect(register(owners, at("bob"), "b")).toBe("overloaded");
		settling(false);
		expect(register(owners, at("bob"), "b")).toBe("none");
	});

	it("keeps a name for thirty days of which nothing runs, and then until there is no room for another", () => {
		const { owners, pass, said } = ownersOf({}, { maxNames: 3 });
		for (const name of ["a", "b", "c"]) {
			expect(register(owners, at("alice"), name)).toBe("none");
			pass(1);
		}
		pass(26);
		// a was used 29 days ago, b 28, c 27.
		expect(register(owners, at("bob"), "d")).toBe("overloaded");
		owners.use("a");
		pass(10);
		expect(register(owners, at("bob"), "d")).toBe("none");
		expect(said).toEqual([expect.stringMatching(/^alice@example\.org no longer owns b: .*not served it for long/)]);
		expect(register(owners, at("bob"), "e")).toBe("none");
		expect(register(owners, at("bob"), "f")).toBe("overloaded");
		expect(Object.keys(owners.all().owners)).toEqual(["a", "d", "e"]);
		// Others may have it now.
		expect(refusal(() => owners.require(at("bob"), "b"))).toBe("overloaded");
	});

	it("takes the room for another name of an account at its limit from the account itself", () => {
		const { owners, pass } = ownersOf({}, { maxNamesPerAccount: 2 });
		register(owners, at("bob"), "old");
		for (const name of ["a", "b"]) register(owners, at("alice"), name);
		pass(31);
		expect(register(owners, at("alice"), "c")).toBe("none");
		expect(Object.keys(owners.all().owners)).toEqual(["old", "b", "c"]);
	});

	it("never gives up a name that has instances, or one that the configuration fixes", () => {
		const { made, served, pass } = ownersOf({}, { maxNames: 2 });
		const owners = made({ owners: {} }, { bank: "alice@example.org" });
		for (const name of ["a", "b"]) register(owners, at("alice"), name);
		for (const name of ["a", "b"]) served.add(name);
		pass(400);
		expect(register(owners, at("bob"), "c")).toBe("overloaded");
		served.delete("b");
		expect(register(owners, at("bob"), "c")).toBe("none");
		expect(owners.all().owners).toEqual({ bank: "alice@example.org", a: "alice@example.org", c: "bob@example.org" });
		expect(refusal(() => owners.require(at("bob"), "bank"))).toBe("forbidden");
		expect(refusal(() => owners.require(at("alice"), "bank"))).toBe("none");
	});

	it("gives up the names of those who may no longer register first, without waiting", () => {
		const { made, said } = ownersOf({ register: [{ deny: "mallory@example.org" }, { allow: "*" }] }, { maxNames: 3 });
		const days = { a: "2026-11-01", m: "2026-11-20", n: "2026-11-20" };
		const owners = made({
			owners: { a: "alice@example.org", m: "mallory@example.org", n: "no account" },
			lastUsed: days,
		});
		expect(owners.all().lastUsed).toEqual(days);
		// As long as there is room for others nobody else gets them.
		expect(refusal(() => owners.require(at("bob"), "m"))).toBe("forbidden");
		for (const name of ["x", "y"]) expect(register(owners, at("bob"), name)).toBe("none");
		expect(register(owners, at("bob"), "z")).toBe("overloaded");
		expect(Object.keys(owners.all().owners)).toEqual(["a", "x", "y"]);
		expect(said[0]).toMatch(/mallory@example\.org no longer owns m: it may not register it/);
	});

	it("goes by the rules that hold when there is no room, also after they were replaced", () => {
		const { owners, policy } = ownersOf({}, { maxNames: 2 });
		for (const name of ["a", "b"]) expect(register(owners, at("alice"), name)).toBe("none");
		expect(register(owners, at("bob"), "c")).toBe("overloaded");
		policy.replace({ register: [{ deny: "alice@example.org", to: "a" }, { allow: "*@example.org" }] });
		expect(register(owners, at("bob"), "c")).toBe("none");
		expect(Object.keys(owners.all().owners)).toEqual(["b", "c"]);
		policy.replace({ register: [{ deny: "bob@example.org" }, { allow: "*@example.org" }] });
		policy.replace(undefined);
		expect(register(owners, at("carol"), "d")).toBe("overloaded");
	});

	it("is known with the day of its last use after a restart, and of one without a day it is today", () => {
		const { made, changes, pass } = ownersOf({}, { maxNames: 3 });
		const owners = made({
			owners: { new: "alice@example.org", old: "alice@example.org", undated: "alice@example.org" },
			lastUsed: { new: "2026-11-20", old: "2026-10-01", gone: "2026-10-01" },
		});
		expect(changes()).toBe(1);
		expect(register(owners, at("bob"), "x")).toBe("none");
		expect(owners.all()).toEqual({
			owners: { new: "alice@example.org", undated: "alice@example.org", x: "bob@example.org" },
			lastUsed: { new: "2026-11-20", undated: "2026-11-21", x: "2026-11-21" },
		});
		const before = changes();
		owners.use("x");
		expect(changes()).toBe(before);
		pass(1);
		owners.use("x");
		expect(changes()).toBe(before + 1);
		expect(owners.all().lastUsed).toMatchObject({ x: "2026-11-22" });
	});

	it("takes a day that is yet to come for today", () => {
		const { made, pass } = ownersOf({}, { maxNames: 1 });
		const owners = made({ owners: { a: "alice@example.org" }, lastUsed: { a: "2099-01-01" } });
		pass(31);
		expect(register(owners, at("bob"), "b")).toBe("none");
	});

	it("is nobody once a name was given up, and then whoever comes first, also if the one before might have lost it", () => {
		const { owners, made, policy, changes } = ownersOf({}, { maxNames: 2 });
		for (const name of ["a", "b"]) expect(register(owners, at("alice"), name)).toBe("none");
		policy.replace({ register: [{ deny: "alice@example.org" }, { allow: "*@example.org" }] });
		// Names that their owners may not register are looked for: both.
		expect(refusal(() => owners.require(at("bob"), "c"))).toBe("none");
		const before = changes();
		owners.free("a");
		expect(changes()).toBe(before + 1);
		expect([owners.has("a"), made(owners.all()).has("a"), owners.kept("a")]).toEqual([false, false, undefined]);
		for (const name of ["a", "c"]) expect(register(owners, at("bob"), name)).toBe("none");
		expect(Object.keys(owners.all().owners)).toEqual(["a", "c"]);
		expect(register(owners, at("bob"), "d")).toBe("overloaded");
	});

	it("can be told, with when the name was last used; of one that the configuration fixes that need not be known", () => {
		const { made, served, pass } = ownersOf();
		const owners = made(
			{ owners: { old: "alice@example.org" }, lastUsed: { old: "2026-11-01" } },
			{ bank: "bob@example.org", till: "bob@example.org" },
		);
		expect(owners.services().sort()).toEqual(["bank", "old", "till"]);
		const old = { service: "old", owner: "alice@example.org", isFixed: false };
		expect(owners.kept("old")).toEqual({ ...old, unusedMs: 20 * DAY_MS, isServed: false });
		served.add("old");
		expect(owners.kept("old")).toEqual({ ...old, unusedMs: 0, isServed: true });
		pass(1);
		owners.use("till");
		pass(2);
		const fixed = { owner: "bob@example.org", isFixed: true, isServed: false };
		expect(owners.kept("bank")).toEqual({ ...fixed, service: "bank", unusedMs: undefined });
		expect(owners.kept("till")).toEqual({ ...fixed, service: "till", unusedMs: 2 * DAY_MS });
	});

	it("knows names that every object has", () => {
		const { owners, made } = ownersOf();
		for (const name of ["constructor", "__proto__"]) {
			expect(owners.has(name)).toBe(false);
			owners.claim(at("alice"), name);
			expect(made(JSON.parse(JSON.stringify(owners.all()))).has(name)).toBe(true);
		}
	});
});

describe("owners in a configuration", () => {
	it("are put into the spelling of JIDs", () => {
		expect(checkedOwners({ bank: "Alice@EXAMPLE.org", lab: "lab.example.org" })).toEqual({
			bank: "alice@example.org",
			lab: "lab.example.org",
		});
	});

	it.each([
		[{ "lab-*": "alice@example.org" }, /owners: "lab-\*" is no name/],
		[{ Bank: "alice@example.org" }, /owners: "Bank" is no name/],
		[{ "bank.pay": "alice@example.org" }, /is no name/],
		[{ bank: "alice@example.org/x" }, /owners\.bank: .* is no account: use alice@example\.org/],
		[{ bank: "*@example.org" }, /is no account/],
		[{ bank: "alice@" }, /is no account/],
		[{ bank: 7 }, /owners\.bank: 7 is no account/],
		[{ bank: undefined }, /owners\.bank: undefined is no account/],
	])("are refused, with what to write: %j", (owners, message) => {
		expect(() => checkedOwners(owners as unknown as Record<string, string>)).toThrow(message);
	});
});
