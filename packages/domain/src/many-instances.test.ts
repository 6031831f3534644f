import { memoryBus } from "@antiphon/link";
import { MAX_INSTANCES } from "@antiphon/protocol";
import { get, type Node, service } from "antiphon";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { failure, host, join, NAME } from "./testing/bus.js";

const define = get({ output: z.string() });
const one = service("dictionary", "1.0.0", { define });
const two = service("dictionary", "2.0.0", { define });
/** So many that a caller is not told of all. */
const MANY = MAX_INSTANCES + 72;

/** A service with more instances than a caller is told of, all at one node, and one of another major version. */
describe("a service with many instances", () => {
	let worker: Node;
	let caller: Node;
	/** Of the newer version, that the caller is not told of. */
	let untold: string;

	beforeEach(async () => {
		const bus = memoryBus();
		await host(bus, { access: { call: [{ allow: "caller@example.org" }] } });
		worker = await join(bus, "worker@example.org/a");
		caller = await join(bus, "caller@example.org/x");
		const names = Array.from({ length: MANY }, (_, i) => `worker-${i}`);
		await Promise.all(
			names.map(async (name) =>
				(await join(bus, `worker@example.org/${name}`)).serve(
					two,
					{ define: () => name },
					{ domain: NAME, instance: name },
				),
			),
		);
		const told = new Set((await caller.client(two, { domain: NAME }).$instances()).map(({ name }) => name));
		expect(told.size).toBe(MAX_INSTANCES);
		untold = names.find((name) => !told.has(name)) as string;
	});

	it("has one that is pinned waited for and called, whether or not its caller was told of it", async () => {
		const client = caller.client(two, { domain: NAME, instance: untold });
		await client.$waitFor({ timeoutMs: 10_000 });
		expect((await client.$instances()).map(({ name }) => name)).toEqual([untold]);
		expect(await client.define()).toBe(untold);
	});

	it("has one that is not there waited for in vain, with a reason, until it comes", async () => {
		const client = caller.client(two, { domain: NAME, instance: "late" });
		expect(await failure(client.$waitFor({ timeoutMs: 50 }))).toMatchObject({
			code: "deadline-exceeded",
			executed: "no",
			message: expect.stringMatching(/has no instance late/),
		});
		expect(await client.$instances()).toEqual([]);
		expect((await failure(client.define())).message).toMatch(/late/);
		const waiting = client.$waitFor({ timeoutMs: 10_000 });
		await worker.serve(two, { define: () => "late" }, { domain: NAME, instance: "late" });
		await waiting;
		expect(await client.define()).toBe("late");
	});

	it("has those few found that serve an older version", async () => {
		await worker.serve(one, { define: () => "one" }, { domain: NAME, instance: "old" });
		const client = caller.client(one, { domain: NAME });
		await client.$waitFor({ timeoutMs: 10_000 });
		expect((await client.$instances()).map(({ name }) => name)).toEqual(["old"]);
		expect(await client.define()).toBe("one");
		const other = caller.client(one, { domain: NAME, instance: untold });
		const reason = async () => (await failure(other.$waitFor({ timeoutMs: 50 }))).message;
		await expect.poll(reason, { timeout: 10_000 }).toMatch(/version 1\.0\.0 .* 2\.0\.0 is served/);
	});

	it("tells one who may not call it so at once, and not after a while", async () => {
		const client = worker.client(two, { domain: NAME, instance: untold });
		expect(await failure(client.$waitFor({ timeoutMs: 600_000 }))).toMatchObject({ code: "forbidden", executed: "no" });
	});
});
