import { describe, expect, it } from "vitest";
import { Jid } from "../jid.js";
import {
	type AccessRule,
	checkedJidPattern,
	decodeAccess,
	encodeAccess,
	isAllowed,
	isAnyAllowed,
	rulesForService,
} from "./access.js";

const allow = (who: string, what = "*"): AccessRule => ({ effect: "allow", who, what });
const deny = (who: string, what = "*"): AccessRule => ({ effect: "deny", who, what });
const may = (rules: AccessRule[], who: string, what = "dictionary.define") => isAllowed(rules, Jid.parse(who), what);

describe("access rules", () => {
	it("refuse where no rule fits", () => {
		expect(may([], "alice@example.org/x")).toBe(false);
	});

	it.each([
		["*", "alice@example.org/x", true],
		["alice@example.org", "alice@example.org/x", true],
		["alice@example.org", "bob@example.org/x", false],
		["alice@example.org", "alice@evil.example/x", false],
		["*@example.org", "bob@example.org", true],
		["*@example.org", "example.org", false],
		["*@example.org", "bob@sub.example.org", false],
		["*@*.example.org", "bob@sub.example.org", true],
		["*@*.example.org", "bob@example.org", false],
		["*@*.example.org", "bob@evilexample.org", false],
		["fn.example.org", "dictionary@fn.example.org/x", true],
		["fn.example.org", "fn.example.org", true],
		["*.example.org", "fn.example.org", true],
		["*.example.org", "example.org", false],
	])("fit %s to %s: %s", (pattern, jid, fits) => {
		expect(may([allow(pattern)], jid)).toBe(fits);
	});

	it("the first that fits decides", () => {
		const rules = [deny("eve@example.org"), allow("*@example.org", "dictionary.*"), deny("*"), allow("*")];
		expect(may(rules, "eve@example.org/x")).toBe(false);
		expect(may(rules, "bob@example.org/x")).toBe(true);
		expect(may(rules, "bob@example.org/x", "billing.pay")).toBe(false);
	});

	it("let somebody see a service of which one function is allowed", () => {
		const sees = (rules: AccessRule[]) => isAnyAllowed(rules, Jid.parse("alice@example.org/x"), "dictionary");
		expect(sees([])).toBe(false);
		for (const what of ["*", "dict*", "dictionary.*", "dictionary.define", "Dictionary.de*"]) {
			expect(sees([allow("*@example.org", what)])).toBe(true);
			expect(sees([deny("alice@example.org", what), allow("*", what)])).toBe(false);
		}
		for (const what of ["dictionaries.*", "dictionary", "billing*"]) expect(sees([allow("*", what)])).toBe(false);
	});

	it("are those of one service where they can matter for it, whatever their case", () => {
		const rules = ["*", "dict*", "DICT*", "Dictionary.define", "dictionary.de*", "billing.*", "dictionary"];
		const kept = rulesForService(
			rules.map((what) => allow("*", what)),
			"dictionary",
		);
		expect(kept.map(({ what }) => what)).toEqual(rules.slice(0, 5));
	});

	it("do not tell upper from lower case, as JIDs do not", () => {
		expect(may([allow("*", "dictionary.lookUp")], "a@b", "Dictionary.lookup")).toBe(true);
	});
});

describe("a JID pattern", () => {
	it("is put into one spelling", () => {
		expect(checkedJidPattern("Alice@EXAMPLE.org")).toBe("alice@example.org");
		expect(checkedJidPattern("*@*.Example.org")).toBe("*@*.example.org");
	});

	it.each(["", "@", "a@", "alice@example.org/x", "*.*", "*@", "a b@c", "**@example.org", "*.*.org", "al*@example.org"])(
		"cannot be %j",
		(text) => {
			expect(() => checkedJidPattern(text)).toThrow(/JID pattern/);
		},
	);
});

describe("<access/>", () => {
	it("carries rules in their order", () => {
		const rules = [deny("eve@example.org"), allow("*@example.org", "dictionary.*")];
		expect(decodeAccess(encodeAccess(rules))).toEqual(rules);
	});

	it("is refused as a whole when a rule is not understood", () => {
		expect(() => decodeAccess(undefined)).toThrow(/malformed/);
		expect(() => decodeAccess(encodeAccess([{ ...allow("*"), effect: "maybe" as "allow" }]))).toThrow(/malformed/);
		expect(() => decodeAccess(encodeAccess([allow("nobody at all")]))).toThrow(/JID pattern/);
		expect(() => decodeAccess(encodeAccess([deny("*", "*.define"), allow("*")]))).toThrow(/malformed/);
	});

	it("has as many rules as are read, and no more", () => {
		const rules = (count: number) => encodeAccess(new Array(count).fill(allow("*")));
		expect(decodeAccess(rules(256))).toHaveLength(256);
		expect(() => decodeAccess(rules(257))).toThrow(/at most 256/);
	});
});
