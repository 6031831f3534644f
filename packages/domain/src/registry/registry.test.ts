import { fingerprint, type ServiceDescription } from "@antiphon/contract";
import { Jid, type Registration } from "@antiphon/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { resolveLimits } from "../limits.js";
import { Registry } from "./registry.js";

function described(service: string, version = "1.0.0", look: "a" | "b" = "a"): ServiceDescription {
	const described = {
		service,
		version,
		functions: {
			[look]: { kind: "get" as const, delivery: "at-most-once" as const, input: null, output: null, faults: {} },
		},
	};
	return { ...described, fingerprint: fingerprint(described) };
}

function registration(description: ServiceDescription, instance: string): Registration {
	const { service, version, fingerprint } = description;
	return { service, version, fingerprint, instance, concurrency: 4, labels: {} };
}

const node = (account: string, resource = "x") => Jid.parse(`${account}@example.org/${resource}`);
const failure = (action: () => void) => {
	try {
		action();
	} catch (error) {
		return error;
	}
	throw new Error("it did not fail");
};

function registryOf(limits: Parameters<typeof resolveLimits>[0] = {}) {
	const changes: string[] = [];
	const registry = new Registry(resolveLimits(limits), (service) => void changes.push(service));
	const add = (instance: string, at: Jid, { nowMs = 0, description = described("dictionary") } = {}) =>
		registry.add(registration(description, instance), at, description, nowMs);
	return { registry, changes, add };
}

describe("a registry", () => {
	it("knows an instance until it is removed by its own node, and tells of both", () => {
		const { registry, changes, add } = registryOf();
		add("one", node("alice"));
		const name = { service: "dictionary", instance: "one" };
		expect(registry.find(name)).toMatchObject({ state: "available", running: 0 });
		expect(registry.remove(name, node("alice", "other"))).toBe(false);
		expect(registry.remove(name, node("mallory"))).toBe(false);
		expect(registry.remove(name, node("alice"))).toBe(true);
		expect(registry.find(name)).toBeUndefined();
		expect(changes).toEqual(["dictionary", "dictionary"]);
	});

	it("refuses a name that another node has, and replaces what the same node registers again", () => {
		const { registry, add } = registryOf();
		add("one", node("alice"));
		expect(failure(() => add("one", node("alice", "other")))).toMatchObject({ code: "conflict" });
		expect(failure(() => add("one", node("bob")))).toMatchObject({ code: "conflict" });
		add("one", node("alice"), { nowMs: 5 });
		expect(registry.size).toBe(1);
		expect(registry.instances("dictionary")).toMatchObject([{ sinceMs: 5 }]);
	});

	it("has one contract under one version as long as somebody serves it", () => {
		const { registry, add } = registryOf();
		const changed = described("dictionary", "1.0.0", "b");
		add("one", node("alice"));
		const refused = failure(() => add("two", node("bob"), { description: changed }));
		expect(refused).toMatchObject({ code: "conflict", message: expect.stringContaining("another version") });
		// Nor can the one instance there is replace itself with another contract: there is none in between.
		expect(failure(() => add("one", node("alice"), { description: changed }))).toMatchObject({ code: "conflict" });
		expect(registry.size).toBe(1);
		registry.removeNode(node("alice"));
		add("two", node("bob"), { description: changed });
		expect(registry.contracts.get({ service: "dictionary", version: "1.0.0" })).toEqual(changed);
	});

	it("forgets those that were not heard of, in the order in which that was, and no others", () => {
		const { registry, add } = registryOf();
		add("one", node("alice"), { nowMs: 10 });
		add("two", node("bob"), { nowMs: 20 });
		add("three", node("bob"), { nowMs: 30 });
		const renewed = registry.renew(
			node("alice"),
			[{ service: "dictionary", instance: "one", state: "available", running: 1 }],
			40,
		);
		expect(renewed).toEqual([]);
		expect(registry.expire(20)).toEqual([]);
		expect(registry.expire(31).map(({ instance }) => instance)).toEqual(["two", "three"]);
		expect(registry.expire(40)).toEqual([]);
		expect(registry.expire(41).map(({ instance }) => instance)).toEqual(["one"]);
		expect(registry.size).toBe(0);
	});

	it("does not keep what a node no longer names, though it renews something else", () => {
		const { registry, add } = registryOf();
		add("kept", node("alice"), { nowMs: 0 });
		add("forgotten", node("alice"), { nowMs: 0 });
		registry.renew(node("alice"), [{ service: "dictionary", instance: "kept", state: "available", running: 0 }], 10);
		expect(registry.expire(5).map(({ instance }) => instance)).toEqual(["forgotten"]);
	});

	it("renews nothing of somebody else's, and says that it does not know it", () => {
		const { registry, changes, add } = registryOf();
		add("one", node("alice"));
		const line = { service: "dictionary", instance: "one", state: "draining" as const, running: 99 };
		expect(registry.renew(node("mallory"), [line], 10)).toEqual([line]);
		expect(registry.instances("dictionary")).toMatchObject([{ state: "available", running: 0, heardMs: 0 }]);
		expect(changes).toHaveLength(1);
		registry.renew(node("alice"), [line], 10);
		expect(changes).toHaveLength(2);
		registry.renew(node("alice"), [line], 20);
		expect(changes).toHaveLength(2);
	});

	it("tells once of each service that a renewal changes, however many instances of it", () => {
		const { registry, changes, add } = registryOf();
		const [even, odd] = [described("even"), described("odd")];
		for (let i = 0; i < 2_000; i++) add(`${i}`, node("alice"), { description: i % 2 === 0 ? even : odd });
		const lines = Array.from({ length: 2_000 }, (_, i) => {
			return { service: i % 2 === 0 ? "even" : "odd", instance: `${i}`, state: "draining" as const, running: 0 };
		});
		changes.length = 0;
		// There and back again is a change, too.
		expect(registry.renew(node("alice"), [...lines, { ...lines[0], state: "available" } as never], 10)).toEqual([]);
		expect(changes).toEqual(["even", "odd"]);
		expect(registry.renew(node("alice"), lines.slice(1), 20)).toEqual([]);
		expect(changes).toHaveLength(2);
	});

	it("is bounded in all, for each account whatever its resources, and in its services", () => {
		const { registry, add } = registryOf({ maxInstances: 5, maxInstancesPerAccount: 3, maxServices: 2 });
		for (let i = 0; i < 3; i++) add(`${i}`, node("greedy", `${i}`));
		expect(failure(() => add("4", node("greedy", "4")))).toMatchObject({ code: "overloaded" });
		// What it has it can register again.
		add("0", node("greedy", "0"));
		add("bob", node("bob"), { description: described("other") });
		expect(failure(() => add("x", node("bob"), { description: described("third") }))).toMatchObject({
			code: "overloaded",
		});
		add("carol", node("carol"));
		expect(failure(() => add("dave", node("dave")))).toMatchObject({ code: "overloaded" });
		registry.removeNode(node("greedy", "0"));
		add("dave", node("dave"));
		expect(registry.size).toBe(5);
	});
});

const accounts = ["alice", "bob"];
const who = fc.record({ account: fc.constantFrom(...accounts), resource: fc.constantFrom("x", "y") });
const what = fc.record({
	service: fc.constantFrom("s1", "s2", "s3"),
	version: fc.constantFrom("1.0.0", "2.0.0"),
	look: fc.constantFrom("a" as const, "b" as const),
	instance: fc.constantFrom("i1", "i2", "i3"),
});
const step = fc.oneof(
	{ weight: 4, arbitrary: fc.record({ act: fc.constant("add" as const), who, what }) },
	{ weight: 2, arbitrary: fc.record({ act: fc.constant("renew" as const), who, what }) },
	{ weight: 2, arbitrary: fc.record({ act: fc.constant("remove" as const), who, what }) },
	{ weight: 1, arbitrary: fc.record({ act: fc.constant("removeNode" as const), who }) },
	{ weight: 1, arbitrary: fc.record({ act: fc.constant("expire" as const), ageMs: fc.nat(20) }) },
);

describe("a registry, whatever is done with it", () => {
	it("agrees with a plain list in its sizes, services, contracts and bounds, and is empty when all have gone", () => {
		fc.assert(
			fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
				const { registry, changes } = registryOf({ maxInstances: 6, maxInstancesPerAccount: 4, maxServices: 2 });
				/** By service and instance: what should be there. */
				const model = new Map<string, { node: string; version: string; look: string; heardMs: number }>();
				let nowMs = 0;
				for (const each of steps) {
					nowMs++;
					const told = changes.length;
					const before = JSON.stringify([...model]);
					if (each.act === "expire") {
						const since = nowMs - each.ageMs;
						const gone = registry.expire(since);
						for (const [key, { heardMs }] of [...model]) if (heardMs < since) model.delete(key);
						expect(gone.every(({ heardMs }) => heardMs < since)).toBe(true);
					} else {
						const from = node(each.who.account, each.who.resource);
						if (each.act === "removeNode") {
							registry.removeNode(from);
							for (const [key, { node }] of [...model]) if (node === `${from}`) model.delete(key);
						} else {
							const { service, version, look, instance } = each.what;
							const key = `${service}/${instance}`;
							const isOwn = model.get(key)?.node === `${from}`;
							if (each.act === "remove") {
								expect(registry.remove({ service, instance }, from)).toBe(isOwn);
								if (isOwn) model.delete(key);
							} else if (each.act === "renew") {
								const line = { service, instance, state: "available" as const, running: 1 };
								expect(registry.renew(from, [line], nowMs)).toEqual(isOwn ? [] : [line]);
								const known = model.get(key);
								if (isOwn && known !== undefined) known.heardMs = nowMs;
							} else {
								const description = described(service, version, look);
								let isIn = true;
								try {
									registry.add(registration(description, instance), from, description, nowMs);
								} catch {
									isIn = false;
								}
								if (isIn) model.set(key, { node: `${from}`, version, look, heardMs: nowMs });
								else expect(changes.length).toBe(told);
							}
						}
					}
					if (
						JSON.stringify([...model].map(([key]) => key)) !==
						JSON.stringify(JSON.parse(before).map(([key]: [string]) => key))
					)
						expect(changes.length).toBeGreaterThan(told);
					const services = new Set([...model.keys()].map((key) => key.split("/")[0]));
					expect(registry.size).toBe(model.size);
					expect(new Set(registry.services())).toEqual(services);
					for (const account of accounts) {
						const own = [...model.values()].filter(({ node }) => node.startsWith(`${account}@`)).length;
						expect(own).toBeLessThanOrEqual(4);
					}
					expect(model.size).toBeLessThanOrEqual(6);
					expect(services.size).toBeLessThanOrEqual(2);
					for (const service of ["s1", "s2", "s3"]) {
						for (const version of ["1.0.0", "2.0.0"]) {
							const served = [...model].filter(([key, of]) => key.startsWith(`${service}/`) && of.version === version);
							const looks = new Set(served.map(([, { look }]) => look));
							const contract = registry.contracts.get({ service, version });
							expect(looks.size).toBeLessThanOrEqual(1);
							expect(Object.keys(contract?.functions ?? {})).toEqual([...looks]);
						}
					}
				}
				registry.expire(Number.POSITIVE_INFINITY);
				expect(registry.size).toBe(0);
				expect(registry.services()).toEqual([]);
				// Nothing that counts was left behind: there is room for as much as at the beginning.
				for (let i = 0; i < 4; i++) {
					const description = described("s1");
					registry.add(registration(description, `${i}`), node("alice"), description, nowMs);
				}
				expect(registry.size).toBe(4);
			}),
			{ numRuns: 300 },
		);
	});
});
