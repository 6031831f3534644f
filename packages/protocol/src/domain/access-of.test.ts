import fc from "fast-check";
import { expect, it } from "vitest";
import { Jid } from "../jid.js";
import { type AccessRule, isAllowed, isAnyAllowed } from "./access.js";

const alice = Jid.parse("alice@example.org/x");

const letters = ["a", "b"];
const stems = ["", ...letters, ...letters.flatMap((one) => letters.map((two) => one + two))];
const services = ["s", "sa", "t"];
const whats = [
	...["*", "s*", "sa*", "t*", "s", "sa", "t"],
	...services.flatMap((service) => stems.map((stem) => `${service}.${stem}*`)),
	...services.flatMap((service) => stems.slice(1).map((stem) => `${service}.${stem.toUpperCase()}`)),
];
/** More than the rules name: whatever begins as they say can go on otherwise. */
const functions = ["c", ...stems.slice(1), ...stems.slice(1).map((stem) => `${stem}c`)];

const rule = fc.record({
	effect: fc.constantFrom("allow" as const, "deny" as const),
	who: fc.constantFrom("*", "alice@example.org", "bob@example.org"),
	what: fc.constantFrom(...whats),
});

/** The definition, word for word. */
function isAllowedPlainly(rules: readonly AccessRule[], name: string): boolean {
	const fits = ({ who, what }: AccessRule) => {
		const pattern = what.toLowerCase();
		const fitsName = pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
		return who !== "bob@example.org" && fitsName;
	};
	return rules.find(fits)?.effect === "allow";
}

it("The first rule that fits asker and name decides; a service is seen when a function of it may be called", () => {
	fc.assert(
		fc.property(fc.array(rule, { maxLength: 8 }), (rules) => {
			for (const service of services) {
				expect(isAllowed(rules, alice, service)).toBe(isAllowedPlainly(rules, service));
				const names = functions.map((fn) => `${service}.${fn}`);
				const allowed = names.filter((name) => isAllowedPlainly(rules, name));
				expect(names.filter((name) => isAllowed(rules, alice, name))).toEqual(allowed);
				expect(isAnyAllowed(rules, alice, service)).toBe(allowed.length > 0);
			}
		}),
		{ numRuns: 1_000 },
	);
});

it("One asker is compared with each rule once, however many names are asked for", () => {
	let compared = 0;
	const rules = Array.from({ length: 250 }, (_, i) => ({
		effect: "deny" as const,
		get who() {
			compared++;
			return `bad${i}@example.org`;
		},
		what: `dictionary.learn${i}`,
	}));
	const policy: AccessRule[] = [...rules, { effect: "allow", who: "*@example.org", what: "*" }];
	for (let i = 0; i < 1_000; i++) {
		expect(isAnyAllowed(policy, alice, `svc-${i}`)).toBe(true);
		expect(isAllowed(policy, alice, `svc-${i}.f`)).toBe(true);
	}
	expect(compared).toBe(250);
});
