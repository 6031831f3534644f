import { type MemoryBus, memoryBus } from "@antiphon/link";
import { NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { get, type Node, service } from "antiphon";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { failure, host, join, NAME } from "./testing/bus.js";

const versionOf = { tell: get({ output: z.object({ major: z.number() }) }) };
const one = service("work", "1.4.0", versionOf);
const two = service("work", "2.0.0", versionOf);
const handlers = (major: number) => ({ tell: () => ({ major }) });

let callers = 0;
async function answered(bus: MemoryBus): Promise<number[]> {
	const caller = await join(bus, `caller@example.org/${++callers}`);
	const both = [one, two].map((each) => caller.client(each, { domain: NAME }).tell());
	return (await Promise.all(both)).map(({ major }) => major);
}

/** Both at once, before either is registered. */
const serveBoth = (node: Node, options: { domain?: string; instance?: string } = { domain: NAME }) =>
	Promise.all([node.serve(one, handlers(1), options), node.serve(two, handlers(2), options)]);

describe("two major versions of a service", () => {
	it("are served by one node that gives them no names, and drained one by one", async () => {
		const bus = memoryBus();
		const domain = await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		const [first, second] = await serveBoth(worker);
		expect(second.instance).toBe(`${first.instance}-v2`);
		expect(domain.instances).toBe(2);
		expect(await answered(bus)).toEqual([1, 2]);
		await first.drain();
		expect(domain.instances).toBe(1);
		// Its name is free again.
		expect((await worker.serve(one, handlers(1), { domain: NAME })).instance).toBe(first.instance);
		const again = await failure(worker.serve(one, handlers(1), { domain: NAME }));
		expect(again).toMatchObject({ code: "conflict", message: expect.stringContaining("work, version 1,") });
		expect(await answered(bus)).toEqual([1, 2]);
	});

	it("are served by a node in a domain of its own", async () => {
		const bus = memoryBus();
		const [first, second] = await serveBoth(await join(bus, NAME), {});
		expect(second.instance).toBe(`${first.instance}-v2`);
		expect(await answered(bus)).toEqual([1, 2]);
	});

	it("are served by two processes that give them no names", async () => {
		const bus = memoryBus();
		await host(bus);
		await (await join(bus, "worker@example.org/a")).serve(one, handlers(1), { domain: NAME });
		await (await join(bus, "worker@example.org/b")).serve(two, handlers(2), { domain: NAME });
		expect(await answered(bus)).toEqual([1, 2]);
	});

	it.each([
		["through a domain", "worker@example.org/a", { domain: NAME }],
		["in a domain of their node's own", NAME, {}],
	])("are told apart by the names of their instances where no version is asked for, %s", async (_, jid, options) => {
		const bus = memoryBus();
		if (jid !== NAME) await host(bus);
		const [first, second] = await serveBoth(await join(bus, jid), options);
		const caller = await join(bus, "raw@example.org/x");
		const told = async (to: string, v?: string) => {
			const payload = xml("call", NS.rpc, { fn: "work.tell", v, ttl: "1000", enc: "json" });
			return (await caller.query({ type: "get", to, payload }))?.text();
		};
		await expect(told(`work.tell@${NAME}/${first.instance}`)).resolves.toBe('{"major":1}');
		await expect(told(`work.tell@${NAME}/${second.instance}`)).resolves.toBe('{"major":2}');
		await expect(told(`work.tell@${NAME}`)).resolves.toBe('{"major":2}');
		const refused = async (to: string) => (await failure(told(to, "1.9.0"))).message;
		expect(await refused(`work.tell@${NAME}`)).toBe(
			"version 1.9.0 of work was asked for; 2.0.0, 1.4.0 are served here",
		);
		expect(await refused(`work.tell@${NAME}/${first.instance}`)).toBe(
			"version 1.9.0 of work was asked for; 1.4.0 is served here",
		);
	});

	it("do not share a name, and whoever gives them one learns what to do", async () => {
		const bus = memoryBus();
		const domain = await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		const named = { domain: NAME, instance: "worker-7" };
		await worker.serve(one, handlers(1), named);
		const here = await failure(worker.serve(two, handlers(2), named));
		expect(here.code).toBe("conflict");
		expect(here.message).toBe(
			"this node serves work as worker-7 already. An instance's name is its own, whatever its version: call this one worker-7-v2, or leave `instance` out",
		);
		const other = await join(bus, "worker@example.org/b");
		const elsewhere = await failure(other.serve(two, handlers(2), named));
		expect(elsewhere.code).toBe("conflict");
		expect(elsewhere.message).toBe(
			"work is not registered with fn.example.org: work/worker-7 is 1.4.0 at another node; an instance's name is its own, whatever its version: give this one another",
		);
		expect(domain.instances).toBe(1);
		await worker.serve(two, handlers(2), { ...named, instance: "worker-7-v2" });
		expect(await answered(bus)).toEqual([1, 2]);
	});
});
