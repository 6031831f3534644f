import { memoryBus } from "@antiphon/link";
import {
	BusError,
	decodeDrained,
	decodeNodes,
	decodePageEnd,
	decodeStatistics,
	encodeDrain,
	encodeNodesRequest,
	encodeReport,
	encodeStatisticsRequest,
	type Log,
	type NodesRequest,
	NS,
	type StatisticsRequest,
} from "@antiphon/protocol";
import { get, type Node, type Served, service, set } from "antiphon";
import { handleGet, type NodeModule } from "antiphon/modules";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { DomainOptions } from "./index.js";
import { host, join, NAME } from "./testing/bus.js";

const dictionary = service("dictionary", "1.2.0", {
	define: get({ input: z.object({ word: z.string() }), output: z.string() }),
	learn: set({}),
});
const echoing = { define: ({ word }: { word: string }) => word, learn: () => {} };

async function world(options: Partial<DomainOptions> = {}) {
	const bus = memoryBus();
	const lines: string[] = [];
	const write = (message: string) => void lines.push(message);
	const log: Log = { debug: write, info: write, warn: write, error: write };
	const access = { admin: [{ allow: "boss@example.org" }] };
	const domain = await host(bus, { log, access, ...options });
	const boss = await join(bus, "boss@example.org/desk");
	return { bus, domain, boss, lines };
}

const askStats = async (node: Node, asked: Partial<StatisticsRequest> = {}) => {
	const request = { service: undefined, fn: undefined, instance: undefined, ...asked };
	return decodeStatistics(await node.query({ type: "get", to: NAME, payload: encodeStatisticsRequest(request) }));
};
const askNodes = async (node: Node, after?: string, wanted: NodesRequest = {}) => {
	const answer = await node.query({ type: "get", to: NAME, payload: encodeNodesRequest(after, wanted) });
	const instances = decodeNodes(answer);
	return { instances, end: answer && decodePageEnd(answer, instances.length) };
};
const askDrain = async (node: Node, instance: string, of?: string) =>
	decodeDrained(await node.query({ type: "set", to: NAME, payload: encodeDrain({ service: of, instance }) }));

async function failure(promise: Promise<unknown>): Promise<BusError> {
	try {
		await promise;
	} catch (error) {
		return error as BusError;
	}
	throw new Error("it did not fail");
}

describe("an administrator of a domain", () => {
	it("sees who serves what, where, how busy it is and since when", async () => {
		const { bus, boss } = await world();
		const worker = await join(bus, "worker@example.org/a");
		const labels = { region: "eu" };
		await worker.serve(dictionary, echoing, { domain: NAME, instance: "worker-7", concurrency: 4, labels });
		const { instances, end } = await askNodes(boss);
		expect(end?.isEnd).toBe(true);
		expect(instances).toMatchObject([
			{ service: "dictionary", name: "worker-7", version: "1.2.0", state: "available", running: 0, concurrency: 4 },
		]);
		expect(instances[0]?.jid.toString()).toBe("worker@example.org/a");
		expect({ ...instances[0]?.labels }).toEqual(labels);
		expect(instances[0]?.registeredMs).toBeGreaterThanOrEqual(0);
		expect(instances[0]?.heardMs).toBeLessThanOrEqual(instances[0]?.registeredMs as number);
	});

	it("sees those of one service, of one name, or one of both", async () => {
		const { bus, boss } = await world();
		const clock = service("clock", "1.0.0", { now: set({}) });
		for (const instance of ["a", "b"]) {
			const worker = await join(bus, `worker@example.org/${instance}`);
			await worker.serve(dictionary, echoing, { domain: NAME, instance });
			await worker.serve(clock, { now: () => {} }, { domain: NAME, instance });
		}
		const seen = async (wanted: NodesRequest) =>
			(await askNodes(boss, undefined, wanted)).instances.map((each) => `${each.service}/${each.name}`);
		expect(await seen({ service: "clock" })).toEqual(["clock/a", "clock/b"]);
		expect(await seen({ instance: "b" })).toEqual(["clock/b", "dictionary/b"]);
		expect(await seen({ service: "dictionary", instance: "a" })).toEqual(["dictionary/a"]);
		expect(await seen({ service: "nothing" })).toEqual([]);
		expect(await failure(seen({ service: "no name" }))).toMatchObject({ code: "invalid-argument" });
	});

	it("sees all of many instances, a page at a time, each once", async () => {
		const { bus, boss } = await world();
		const worker = await join(bus, "worker@example.org/a");
		const label = "x".repeat(128);
		const labels = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`l${i}`, label]));
		const names = Array.from({ length: 40 }, (_, i) => `s-${i}`);
		for (const name of names) {
			const one = service(name, "1.0.0", { f: get({}) });
			await worker.serve(one, { f: () => {} }, { domain: NAME, instance: "one", labels });
		}
		const seen: string[] = [];
		let pages = 0;
		for (let after: string | undefined, more = true; more; pages++) {
			const { instances, end } = await askNodes(boss, after);
			seen.push(...instances.map((each) => each.service));
			more = end?.isEnd === false;
			after = end?.last;
		}
		expect(seen).toEqual(names.sort());
		expect(pages).toBe(3);
	});

	it("sees what calls came to, of each instance and in sum", async () => {
		const { bus, boss } = await world();
		for (const name of ["a", "b"]) {
			const worker = await join(bus, `worker@example.org/${name}`);
			const define = ({ word }: { word: string }) => {
				if (word === "?") throw new Error("a secret");
				return word;
			};
			await worker.serve(dictionary, { ...echoing, define }, { domain: NAME, instance: `worker-${name}` });
		}
		const caller = await join(bus, "caller@example.org/x");
		for (const instance of ["worker-a", "worker-b"]) {
			const client = caller.client(dictionary, { domain: NAME, instance });
			await client.define({ word: "x" });
			if (instance === "worker-b") await failure(client.define({ word: "?" }));
		}
		const all = await askStats(boss);
		expect(all).toMatchObject({ calls: 3, errors: 1, running: 0, silent: [] });
		expect(all.p95Ms).toBeGreaterThan(0);
		expect(all.functions).toMatchObject([
			{
				name: "dictionary.define",
				calls: 3,
				errors: 1,
				lastError: { code: "internal", message: expect.not.stringContaining("secret") },
				instances: [
					{ instance: "worker-a", calls: 1, errors: 0 },
					{ instance: "worker-b", calls: 2, errors: 1 },
				],
			},
			{ name: "dictionary.learn", calls: 0, instances: [{ calls: 0 }, { calls: 0 }] },
		]);
		const one = await askStats(boss, { service: "dictionary", fn: "DEFINE", instance: "worker-a" });
		expect(one).toMatchObject({ calls: 1, functions: [{ name: "dictionary.define", instances: [{ calls: 1 }] }] });
	});

	it("is told which instances did not answer, and why; the others are there", async () => {
		const { bus, boss } = await world({
			access: { admin: [{ allow: "boss@example.org" }] },
			limits: { askTimeoutMs: 1_500 },
		});
		const mute: NodeModule = (host) => host.handle("iq-get", { ns: "urn:antiphon:stats:1", name: "report" }, () => {});
		const silent = await join(bus, "worker@example.org/silent", { modules: [mute] });
		const worker = await join(bus, "worker@example.org/a");
		await silent.serve(dictionary, echoing, { domain: NAME, instance: "silent" });
		await worker.serve(dictionary, echoing, { domain: NAME, instance: "well" });
		const statistics = await askStats(boss);
		expect(statistics.silent).toMatchObject([
			{ service: "dictionary", instance: "silent", code: "deadline-exceeded", message: expect.stringMatching(/./) },
		]);
		expect(statistics.functions[0]?.instances.map(({ instance }) => instance)).toEqual(["well"]);
	});

	it("is told that what is asked for is not there, or too much", async () => {
		const { bus, boss } = await world();
		expect((await askStats(boss)).functions).toEqual([]);
		expect(await failure(askStats(boss, { service: "nothing" }))).toMatchObject({ code: "not-found" });
		const worker = await join(bus, "worker@example.org/a");
		const served = await worker.serve(dictionary, echoing, { domain: NAME, instance: "one" });
		for (const asked of [{ service: "dictionary", fn: "nothing" }, { instance: "two" }]) {
			expect(await failure(askStats(boss, asked))).toMatchObject({ code: "not-found" });
		}
		await served.drain();
		expect(await failure(askStats(boss, { service: "dictionary" }))).toMatchObject({ code: "unavailable" });
		const functions = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`f${i}`, get({})]));
		const handlers = Object.fromEntries(Object.keys(functions).map((name) => [name, () => {}]));
		await worker.serve(service("big", "1.0.0", functions), handlers, { domain: NAME });
		const tooLarge = await failure(askStats(boss));
		expect(tooLarge).toMatchObject({ code: "too-large", message: expect.stringContaining("name a service") });
		expect((await askStats(boss, { service: "big", fn: "f7" })).functions).toHaveLength(1);
	});

	it("sees many instances of a function, without the last error of each where these would not fit", async () => {
		const { bus, boss } = await world();
		const message = "no such word ".repeat(20);
		const fail = () => {
			throw new BusError("unavailable", message);
		};
		const worker = await join(bus, "worker@example.org/a");
		const report: NodeModule = (host) => {
			handleGet(host, { ns: NS.stats, name: "report" }, () => {
				const lastError = { code: "unavailable" as const, message, agoMs: 5 };
				return encodeReport([{ fn: "define", calls: 1, errors: 1, running: 0, lastError, durations: [] }]);
			});
		};
		for (let i = 0; i < 250; i++) {
			const node = await join(bus, `worker@example.org/${i}`, { modules: [report] });
			await node.serve(dictionary, { define: fail, learn: fail }, { domain: NAME, instance: `worker-${i}` });
		}
		await worker.serve(dictionary, echoing, { domain: NAME, instance: "other" });
		const [define] = (await askStats(boss, { service: "dictionary", fn: "define" })).functions;
		expect(define?.lastError?.message).toBe(message.slice(0, 200));
		expect(define?.instances).toHaveLength(251);
		expect(define?.instances.every(({ lastError }) => lastError === undefined)).toBe(true);
		const one = await askStats(boss, { instance: "worker-9" });
		expect(one.functions[0]?.instances[0]?.lastError?.agoMs).toBe(5);
	});

	it("has an instance drained: of one service, or of all that it serves", async () => {
		const { bus, boss, domain, lines } = await world();
		const thesaurus = service("thesaurus", "1.0.0", { f: get({}) });
		const worker = await join(bus, "worker@example.org/a");
		const other = await join(bus, "worker@example.org/b");
		const drained: string[] = [];
		const note = ({ drained: left }: Served, what: string) => void left.then(() => drained.push(what));
		for (const [node, instance] of [
			[worker, "one"],
			[other, "two"],
		] as const) {
			note(await node.serve(dictionary, echoing, { domain: NAME, instance }), `dictionary/${instance}`);
			note(await node.serve(thesaurus, { f: () => {} }, { domain: NAME, instance }), `thesaurus/${instance}`);
		}
		expect(await askDrain(boss, "one", "dictionary")).toEqual([
			{ service: "dictionary", instance: "one", failure: undefined },
		]);
		await expect.poll(() => domain.instances).toBe(3);
		// Their processes get word.
		await expect.poll(() => drained).toEqual(["dictionary/one"]);
		expect((await askDrain(boss, "two")).map((each) => each.service)).toEqual(["dictionary", "thesaurus"]);
		await expect.poll(() => domain.instances).toBe(1);
		await expect.poll(() => drained.toSorted()).toEqual(["dictionary/one", "dictionary/two", "thesaurus/two"]);
		expect(await failure(askDrain(boss, "two"))).toMatchObject({ code: "not-found" });
		expect(await failure(askDrain(boss, "one", "dictionary"))).toMatchObject({ code: "not-found" });
		expect(lines).toContain("dictionary/one drains: boss@example.org asked for it");
		await worker.close();
		await expect.poll(() => drained).toContain("thesaurus/one");
	});

	it("is told when an instance could not be drained", async () => {
		const { bus, boss } = await world();
		const none: NodeModule = (host) => {
			host.handle("iq-set", { ns: "urn:antiphon:stats:1", name: "drain" }, () => {
				throw new Error("never answers");
			});
		};
		const worker = await join(bus, "worker@example.org/a", { modules: [none] });
		await worker.serve(dictionary, echoing, { domain: NAME, instance: "one" });
		expect(await askDrain(boss, "one")).toMatchObject([{ instance: "one", failure: { code: "deadline-exceeded" } }]);
	});

	it("is nobody but those whom the policy names; others are refused, counted and logged", async () => {
		const { bus, domain, lines } = await world();
		const worker = await join(bus, "worker@example.org/a");
		await worker.serve(dictionary, echoing, { domain: NAME, instance: "one" });
		for (const asked of [askNodes(worker), askStats(worker), askDrain(worker, "one")]) {
			expect(await failure(asked)).toMatchObject({ code: "forbidden" });
		}
		expect(domain.denied).toBe(3);
		expect(lines.join()).toContain("refused: worker@example.org may not see who serves what");
		expect(domain.instances).toBe(1);
	});
});
