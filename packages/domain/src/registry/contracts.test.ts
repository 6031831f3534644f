import type { ServiceDescription } from "@antiphon/contract";
import { describe, expect, it } from "vitest";
import { resolveLimits } from "../limits.js";
import { Contracts } from "./contracts.js";

const look = { kind: "get", delivery: "at-most-once", input: null, output: null, faults: {} } as const;

function described(version: string, { service = "s", fingerprint = version, functions = 1, summary = "" } = {}) {
	const names = Array.from({ length: functions }, (_, i) => [`f${i}`, { ...look, summary }]);
	return { service, version, fingerprint, functions: Object.fromEntries(names) } as ServiceDescription;
}
const refusal = (action: () => void) => {
	try {
		action();
	} catch (error) {
		return error;
	}
	throw new Error("it was not refused");
};

describe("the contracts of a domain", () => {
	it("are there as long as somebody holds them, and one for each version", () => {
		const contracts = new Contracts(resolveLimits());
		contracts.hold(described("1.0.0"), "alice");
		contracts.hold(described("1.0.0"), "bob");
		const changed = described("1.0.0", { fingerprint: "other" });
		expect(refusal(() => contracts.hold(changed, "alice"))).toMatchObject({ code: "conflict" });
		contracts.release({ service: "s", version: "1.0.0" });
		expect(contracts.get({ service: "s", version: "1.0.0" })).toEqual(described("1.0.0"));
		contracts.release({ service: "s", version: "1.0.0" });
		contracts.release({ service: "s", version: "1.0.0" });
		expect(contracts.get({ service: "s", version: "1.0.0" })).toBeUndefined();
		expect(contracts.newest("s")).toEqual([]);
		contracts.hold(changed, "alice");
	});

	it("tell the newest version of each major one, newest first, by number and not by letter", () => {
		const contracts = new Contracts(resolveLimits());
		for (const version of ["1.9.0", "10.0.0", "1.10.0", "2.0.9", "2.0.10"]) contracts.hold(described(version), "alice");
		expect(contracts.newest("s").map(({ version }) => version)).toEqual(["10.0.0", "2.0.10", "1.10.0"]);
		contracts.release({ service: "s", version: "1.10.0" });
		expect(contracts.newest("s").map(({ version }) => version)).toEqual(["10.0.0", "2.0.10", "1.9.0"]);
	});

	it("are sorted when their versions change, and not for each who asks", () => {
		const contracts = new Contracts(resolveLimits());
		for (const version of ["1.0.0", "2.0.0"]) contracts.hold(described(version), "alice");
		const newest = contracts.newest("s");
		contracts.hold(described("1.0.0"), "bob");
		contracts.hold(described("1.0.0", { service: "other" }), "bob");
		contracts.release({ service: "s", version: "1.0.0" });
		expect(contracts.newest("s")).toBe(newest);
		contracts.release({ service: "s", version: "1.0.0" });
		expect(contracts.newest("s").map(({ version }) => version)).toEqual(["2.0.0"]);
	});

	it("are of so many versions of a service, and so many majors", () => {
		const contracts = new Contracts(resolveLimits({ maxMajors: 2, maxVersions: 4 }));
		const held = (version: string) => contracts.hold(described(version), "alice");
		held("1.0.0");
		held("2.0.0");
		const third = { code: "overloaded", message: expect.stringContaining("2 major versions") };
		expect(refusal(() => held("3.0.0"))).toMatchObject(third);
		held("1.0.1");
		held("2.0.1");
		const fifth = { code: "overloaded", message: expect.stringContaining("4 versions") };
		expect(refusal(() => held("2.0.2"))).toMatchObject(fifth);
		// What is there already may have as many instances as it likes, and other services their own versions.
		held("2.0.1");
		contracts.hold(described("3.0.0", { service: "other" }), "alice");
		for (const version of ["1.0.0", "1.0.1"]) contracts.release({ service: "s", version });
		held("3.0.0");
	});

	it("are bounded each, for one account, and in all; what is let go of makes room", () => {
		const big = (service: string) => described("1.0.0", { service, summary: "x".repeat(600) });
		const limits = {
			maxFunctions: 2,
			maxContractChars: 1_000,
			maxContractsChars: 3_000,
			maxContractsCharsPerAccount: 1_600,
		};
		const contracts = new Contracts(resolveLimits(limits));
		expect(refusal(() => contracts.hold(described("1.0.0", { functions: 3 }), "a"))).toMatchObject({
			code: "too-large",
		});
		const long = described("1.0.0", { summary: "x".repeat(1_000) });
		expect(refusal(() => contracts.hold(long, "a"))).toMatchObject({ code: "too-large" });
		contracts.hold(big("a1"), "a");
		contracts.hold(big("a2"), "a");
		expect(refusal(() => contracts.hold(big("a3"), "a"))).toMatchObject({ code: "overloaded" });
		// What is there already costs nothing, whoever holds it too.
		contracts.hold(big("a1"), "a");
		contracts.hold(big("b1"), "b");
		expect(refusal(() => contracts.hold(big("c1"), "c"))).toMatchObject({ code: "overloaded" });
		contracts.release({ service: "a2", version: "1.0.0" });
		contracts.hold(big("a3"), "a");
	});
});
