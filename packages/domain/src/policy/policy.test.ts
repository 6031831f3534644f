import { isAllowed, Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { type AccessEntry, Policy } from "./policy.js";

const alice = Jid.parse("alice@example.org/x");
const bob = Jid.parse("bob@example.org/x");
const stranger = Jid.parse("alice@evil.example/x");
const calling = (...call: AccessEntry[]) => new Policy("fn.example.org", { call });

describe("the policy of a domain", () => {
	it("lets the accounts of the domain above register and call, and nobody else, unless it says so", () => {
		const policy = new Policy("fn.example.org");
		for (const may of [
			(who: Jid) => policy.mayRegister(who, "dictionary"),
			(who: Jid) => policy.mayCall(who, "dictionary", "define"),
			(who: Jid) => policy.maySee(who, "dictionary"),
		]) {
			expect(may(alice)).toBe(true);
			expect(may(stranger)).toBe(false);
			expect(may(Jid.parse("example.org"))).toBe(false);
			expect(may(Jid.parse("alice@sub.example.org"))).toBe(false);
		}
		expect(policy.isAdmin(alice)).toBe(false);
	});

	it("takes the first entry that fits, for a service with all its functions or for one of them", () => {
		const policy = calling(
			{ deny: "bob@example.org", to: "dictionary.learn" },
			{ allow: ["alice@example.org", "bob@example.org"], to: ["dictionary", "lab-*"] },
		);
		expect(policy.mayCall(alice, "dictionary", "learn")).toBe(true);
		expect(policy.mayCall(bob, "dictionary", "learn")).toBe(false);
		expect(policy.mayCall(bob, "dictionary", "define")).toBe(true);
		expect(policy.mayCall(alice, "lab-7", "anything")).toBe(true);
		expect(policy.mayCall(alice, "dictionary2", "define")).toBe(false);
		expect(policy.mayCall(alice, "billing", "pay")).toBe(false);
	});

	it("shows a service to those who may call one of its functions", () => {
		const policy = calling({ allow: "alice@example.org", to: "dictionary.define" }, { deny: "*" }, { allow: "*" });
		expect(policy.maySee(alice, "dictionary")).toBe(true);
		expect(policy.maySee(alice, "billing")).toBe(false);
		expect(policy.maySee(bob, "dictionary")).toBe(false);
	});

	it("gives a provider rules that judge as it does itself", () => {
		const policy = calling(
			{ deny: "bob@example.org", to: "dict*" },
			{ allow: "*@example.org", to: ["dictionary", "billing.pay", "d*"] },
			{ allow: "alice@evil.example", to: "dictionary.define" },
		);
		for (const service of ["dictionary", "billing", "dig", "other"]) {
			for (const fn of ["define", "pay", "Define"]) {
				for (const who of [alice, bob, stranger]) {
					const judged = isAllowed(policy.callRules(service), who, `${service}.${fn}`);
					expect(judged, `${who} ${service}.${fn}`).toBe(policy.mayCall(who, service, fn));
				}
			}
		}
		expect(policy.callRules("other")).toEqual([]);
	});

	it.each([
		[{ allow: "alice@" }, /access\.call\[0\].*JID pattern/],
		[{ allow: "*", to: "" }, /access\.call\[0\].*no name/],
		[{ allow: "*", to: "a b" }, /access\.call\[0\].*no name/],
		[{ allow: Array.from({ length: 300 }, (_, i) => `a${i}@example.org`) }, /access\.call makes more than 256/],
	] as const)("refuses %j, and says where it stands", (entry, message) => {
		expect(() => calling(entry)).toThrow(message);
	});

	it.each([
		["call", { to: "dictionary.learn.*" }, /no name: use dictionary, dictionary\.define, dictionary\.\*/],
		["call", { to: "dictionary." }, /no name: use/],
		["call", { to: "*.learn" }, /no name: use/],
		["call", { to: "dict-" }, /no name: use/],
		["call", { to: "-dict*" }, /no name: use/],
		["call", { to: "dictionary.-*" }, /no name: use/],
		["call", { to: "dict-.learn*" }, /no name: use/],
		["call", { to: "**" }, /no name: use/],
		["call", { to: `${"x".repeat(65)}` }, /no name: use/],
		["call", { to: [] }, /to is empty/],
		["register", { to: "dictionary.*" }, /about functions.* registered as a whole: write dictionary$/],
		["register", { to: ["lab-*", "dictionary.learn"] }, /"dictionary\.learn" is about functions.*: write dictionary$/],
		["register", { to: "dictionary.le*" }, /about functions.*: write dictionary$/],
		["admin", { to: "dictionary" }, /"dictionary" is too much: administrators are those of the whole domain/],
		["admin", { to: "d*" }, /Leave `to` out/],
	] as const)("refuses in access.%s what would keep nobody out, and says what to write: %j", (list, about, message) => {
		for (const effect of ["deny", "allow"] as const) {
			const entry = { [effect]: "eve@example.org", ...about } as unknown as AccessEntry;
			const make = () => new Policy("fn.example.org", { [list]: [{ allow: "*" }, entry] });
			expect(make).toThrow(message);
			expect(make).toThrow(`access.${list}[1]: `);
		}
	});

	it.each(["bot-*@example.org", "*bot@example.org", "**@example.org", "*@*", "*@conf*.example.org", "fn.*"])(
		"refuses the pattern %s, which would fit no JID, and says what to write",
		(pattern) => {
			for (const entry of [{ deny: pattern }, { allow: ["alice@example.org", pattern] }]) {
				for (const list of ["register", "call", "admin"]) {
					expect(() => new Policy("fn.example.org", { [list]: [entry] })).toThrow(/\[0\].*no JID pattern: use alice@/);
				}
			}
		},
	);

	it("refuses entries that say nothing or two things", () => {
		for (const entry of [{}, { to: "x" }, { allow: "*", deny: "eve@example.org" }, { deny: [] }]) {
			expect(() => calling(entry as unknown as AccessEntry)).toThrow(/access\.call\[0\]: (write either|deny is empty)/);
		}
	});

	it("means everything with *, in every list, and tells no upper from lower case", () => {
		const everything: AccessEntry[] = [{ allow: "alice@example.org", to: "*" }];
		const policy = new Policy("fn.example.org", { register: everything, call: everything, admin: everything });
		expect(policy.isAdmin(alice) && policy.mayRegister(alice, "x") && policy.mayCall(alice, "x", "y")).toBe(true);
		expect(calling({ deny: "*", to: "Dictionary.Le*" }, { allow: "*" }).mayCall(alice, "dictionary", "learn")).toBe(
			false,
		);
	});
});
