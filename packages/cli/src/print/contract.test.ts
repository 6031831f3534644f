import { describe as describeService, get, service, set } from "antiphon";
import { expect, it } from "vitest";
import { contractLines } from "./contract.js";

it("a contract cannot have lines that look like ours", () => {
	const honest = describeService(service("work", "1.0.0", { run: get({ summary: "Runs" }) }));
	const shown = (contract: typeof honest) =>
		contractLines(contract, "fn.example.org", ["2.1.0"], Object.entries(contract.functions));
	expect(shown(honest)).toEqual([
		`work 1.0.0 at work@fn.example.org (fingerprint ${honest.fingerprint})`,
		"there is also 2.1.0: --major 2",
		"",
		"work.run: get, at-most-once: Runs",
		"  input: nothing",
		"  output: nothing",
	]);
	const run = honest.functions["run"] as (typeof honest.functions)[string];
	const faults = { "f\nthere is also 9.0.0": {} };
	const forged = { run: { ...run, summary: "Runs\n\nwork.erase: get", faults } };
	const lines = shown({ ...honest, fingerprint: "x)\nthere is also 9.0.0: --major 9", functions: forged });
	expect(lines.filter((line) => line.includes("\n"))).toEqual([]);
	expect(lines[0]).toContain("x)\\nthere is also");
	expect(lines[3]).toBe("work.run: get, at-most-once: Runs\\n\\nwork.erase: get");
});

it("a contract shows how a function is tried again where it states that", () => {
	const stated = set({ delivery: "at-least-once", retry: { attempts: 3 } });
	const contract = describeService(service("work", "1.0.0", { plain: set({ delivery: "at-least-once" }), stated }));
	const lines = contractLines(contract, "fn.example.org", [], Object.entries(contract.functions));
	expect(lines.filter((line) => line.startsWith("  retry: "))).toEqual([
		`  retry: ${JSON.stringify(contract.functions["stated"]?.retry, undefined, 2).replaceAll("\n", "\n  ")}`,
	]);
});
