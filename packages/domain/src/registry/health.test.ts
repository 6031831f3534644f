import { fingerprint } from "@antiphon/contract";
import { type InstanceState, Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { resolveLimits } from "../limits.js";
import { healthOf } from "./health.js";
import { Registry } from "./registry.js";

/** The health of a service whose instances, four calls each at most, were heard of at 100. */
function health(...instances: (readonly [InstanceState, running: number])[]) {
	const registry = new Registry(resolveLimits(), () => {});
	const contract = { service: "s", version: "1.0.0", functions: {} };
	const description = { ...contract, fingerprint: fingerprint(contract) };
	for (const [i, [state, running]] of instances.entries()) {
		const node = Jid.parse(`worker@example.org/${i}`);
		const registration = { ...description, instance: `${i}`, concurrency: 4, labels: {} };
		registry.add(registration, node, description, 0);
		for (let renewals = 0; renewals < 3; renewals++) {
			registry.renew(node, [{ service: "s", instance: `${i}`, state, running }], 100);
		}
	}
	return (lateMs = 50) => healthOf(registry, "s", lateMs);
}

describe("the health of a service", () => {
	it.each([
		["unavailable", []],
		["available", [["available", 3]]],
		[
			"available",
			[
				["available", 4],
				["available", 0],
			],
		],
		[
			"overloaded",
			[
				["available", 4],
				["available", 5],
			],
		],
		[
			"overloaded",
			[
				["available", 4],
				["draining", 0],
			],
		],
		[
			"draining",
			[
				["draining", 0],
				["draining", 2],
			],
		],
	] as const)("is %s with %j", (state, instances) => {
		expect(health(...instances)().state).toBe(state);
	});

	it("is degraded when one that takes calls has missed a renewal", () => {
		const of = health(["available", 0], ["draining", 0]);
		expect(of(100).state).toBe("available");
		expect(of(101).state).toBe("degraded");
		expect(of().status).toBe("1 instance for 4 calls at once");
		expect(of(101).status).toBe("1 instance, 1 of them late with a renewal");
	});
});
