import { BusError, Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Owners } from "./owners.js";
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

function ownersOf(access: AccessOptions = {}, limits = { maxNames: 100, maxNamesPerAccount: 100 }) {
	let changes = 0;
	const made = (known: Record<string, string>) =>
		new Owners({
			policy: new Policy("fn.example.org", access),
			...limits,
			known,
			changed: () => void changes++,
			deny: (message) => {
				throw new BusError("forbidden", message);
			},
		});
	return { owners: made({}), made, changes: () => changes };
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
			expect(each.all()).toEqual({ dictionary: "alice@example.org" });
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

	it("is nobody without policy, the owner neither", () => {
		const { made } = ownersOf({ register: [{ deny: "alice@example.org" }, { allow: "*" }] });
		const owners = made({ dictionary: "alice@example.org" });
		expect(refusal(() => owners.require(at("alice"), "dictionary"))).toBe("forbidden");
	});

	it("is bounded in all and for each account, counting what was known before", () => {
		const { made } = ownersOf({}, { maxNames: 4, maxNamesPerAccount: 2 });
		const owners = made({ a: "greedy@example.org", b: "greedy@example.org" });
		expect(refusal(() => owners.require(at("greedy"), "c"))).toBe("overloaded");
		expect(refusal(() => owners.require(at("greedy"), "a"))).toBe("none");
		owners.claim(at("alice"), "c");
		owners.claim(at("bob"), "d");
		expect(refusal(() => owners.require(at("carol"), "e"))).toBe("overloaded");
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
