import { decodeResolution, Jid, MAX_INSTANCES, resolutionWith } from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { InstanceLines } from "./instance-lines.js";
import { Load } from "./load.js";
import type { Instance } from "./registry.js";

function instances(count: number, more: Partial<Instance> = {}): Instance[] {
	return Array.from({ length: count }, (_, i) => ({
		service: "dictionary",
		version: "1.0.0",
		fingerprint: "f".repeat(22),
		instance: `worker-${i}`,
		concurrency: 8,
		labels: {},
		node: Jid.parse(`worker@example.org/${i}`),
		sinceMs: 0,
		heardMs: 0,
		state: "available",
		running: 0,
		load: new Load(),
		...more,
	}));
}
const caller = (name: string) => Jid.parse(`${name}@example.org/x`);
const namesFor = (lines: InstanceLines, who: string, version?: string) =>
	lines.for(caller(who), version).lines.map((line) => line.attr("name"));

describe("what a caller is told of the instances of a service", () => {
	it("are all of them, as far as they serve its version", () => {
		const lines = new InstanceLines([...instances(3), ...instances(1, { instance: "two", version: "2.0.0" })]);
		expect(namesFor(lines, "alice")).toEqual(["worker-0", "worker-1", "worker-2", "two"]);
		expect(namesFor(lines, "alice", "2.0.0")).toEqual(["two"]);
		// A caller that nobody serves is told what there is, for an error that names it.
		expect(namesFor(lines, "alice", "3.0.0")).toHaveLength(4);
	});

	it("are some of many: for one caller the same ones as they come and go, for others other ones", () => {
		const all = instances(1_000);
		const before = namesFor(new InstanceLines(all), "alice");
		expect(before).toHaveLength(MAX_INSTANCES);
		expect(new InstanceLines(all).for(caller("alice"), undefined).total).toBe(1_000);
		const after = new Set(namesFor(new InstanceLines(all.slice(1)), "alice"));
		expect(before.filter((name) => !after.has(name)).length).toBeLessThanOrEqual(1);
		const told = new Map<string, number>();
		for (let i = 0; i < 200; i++) {
			for (const name of namesFor(new InstanceLines(all), `caller${i}`))
				told.set(name ?? "", (told.get(name ?? "") ?? 0) + 1);
		}
		// 25.6 on average.
		expect(told.size).toBe(1_000);
		expect(Math.max(...told.values())).toBeLessThan(80);
	});

	it("are as the instances are now", () => {
		const all = instances(200);
		const lines = new InstanceLines(all);
		const states = () => lines.for(caller("alice"), undefined).lines.map((line) => line.attr("state"));
		expect(new Set(states())).toEqual(new Set(["available"]));
		for (const instance of all) instance.state = "draining";
		expect(new Set(states())).toEqual(new Set(["draining"]));
		for (const instance of all) instance.running = 3;
		expect(lines.only("worker-7").lines.map((line) => line.attr("running"))).toEqual(["3"]);
	});

	it("are encoded for those who are told of them, once until they change", () => {
		let encoded = 0;
		const all = instances(2_000).map((instance) =>
			Object.defineProperty(instance, "labels", {
				get: () => {
					encoded++;
					return {};
				},
			}),
		);
		const tell = (who: readonly string[]) => {
			const lines = new InstanceLines(all);
			for (const each of who) lines.for(caller(each), "1.0.0");
		};
		for (let i = 0; i < 3; i++) tell(["alice"]);
		expect(encoded).toBe(MAX_INSTANCES);
		const callers = Array.from({ length: 400 }, (_, i) => `caller${i}`);
		tell(callers);
		expect(encoded).toBeLessThanOrEqual(2_000);
		const before = encoded;
		(all[0] as Instance).state = "draining";
		tell(callers);
		expect(encoded).toBe(before + 1);
	});

	it("fit into a stanza, whatever instances say of themselves", () => {
		const text = "&".repeat(128);
		const labels = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`${"l".repeat(60)}${i}`, text]));
		const large = instances(200, { labels }).map((each, i) => ({ ...each, instance: `${"<".repeat(120)}${i}` }));
		const { lines, total } = new InstanceLines(large).for(caller("alice"), undefined);
		const resolution = resolutionWith({ service: "dictionary", known: true, watchMs: 0, total }, lines);
		expect(serialize(resolution).length).toBeLessThan(48 * 1024);
		expect(decodeResolution(resolution)).toMatchObject({ total: 200 });
		expect(lines.length).toBeGreaterThan(0);
	});
});
