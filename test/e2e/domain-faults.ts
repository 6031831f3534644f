import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createDomain, type Domain } from "@antiphon/domain";
import { BusError, type Client, createNode, get, type Node, service } from "antiphon";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Child, runsIn, startTcpProxy, startWorker, tempDir, work, workHandlers, type XmppServer } from "#kit";
import { failure } from "./probe-service.js";
import { account, component } from "./worlds.js";

const DOMAIN = "fn.localhost";
const START_LIMIT_MS = 60_000;
/** The promise for an instance of which its server says that it has gone, and for one of which no server says so. */
const TOLD_WITHIN_MS = 2_000;
const NOTICED_WITHIN_MS = 20_000;
/** How long each of many runs takes: so long that whoever dies has some under way. */
const RUN_MS = 20;
/** How often callers are asked whom they see. */
const LOOK_MS = 20;
/** So long a lease that an instance which is gone before has gone because the server said so. */
const LONG_LEASE_MS = 120_000;

/** What a domain must withstand, over a server that it kills in the end. */
export function testDomainFaults(running: () => XmppServer): void {
	describe("a domain", () => {
		let server: XmppServer;
		const ends: (() => Promise<unknown>)[] = [];
		beforeAll(() => {
			server = running();
		});
		afterEach(async () => {
			for (const end of ends.splice(0).reverse()) await end();
		}, START_LIMIT_MS);

		const hostDomain = async (leaseMs = 15_000): Promise<Domain> => {
			const domain = await createDomain({ link: component(server), limits: { leaseMs } });
			ends.push(() => domain.close());
			return domain;
		};
		const notesFile = () => {
			const dir = tempDir("notes");
			ends.push(async () => dir.remove());
			writeFileSync(join(dir.path, "notes"), "");
			return join(dir.path, "notes");
		};
		/** A provider that has to die: a process of its own. */
		const spawn = (instance: string, notes: string): Child => {
			const child = startWorker({ server, account: "bob", domain: DOMAIN, instance, notes });
			ends.push(() => child.end());
			return child;
		};
		const isServing = (child: Child) =>
			child.waitUntil("the worker", () => child.stdout().includes("serving"), START_LIMIT_MS);
		const workers = async (instances: readonly string[], notes: string): Promise<Child[]> => {
			const children = instances.map((instance) => spawn(instance, notes));
			await Promise.all(children.map(isServing));
			return children;
		};
		/** A provider that nothing befalls: a node here. */
		const serve = async (instance: string, notes: string): Promise<void> => {
			const node = await provider();
			await node.serve(work, workHandlers(instance, notes), { domain: DOMAIN, instance });
		};
		const caller = async (): Promise<WorkClient> => {
			const node = await createNode({ link: account(server, "alice") });
			ends.push(() => node.close());
			return node.client(work, { domain: DOMAIN });
		};
		const provider = async (port?: number): Promise<Node> => {
			const node = await createNode({ link: account(server, "bob", port) });
			ends.push(() => node.close());
			return node;
		};

		it("is told of an instance that is killed: its gets are answered by another, its sets are not made again", async () => {
			const domain = await hostDomain(LONG_LEASE_MS);
			const notes = notesFile();
			const [first] = await workers(["a"], notes);
			await serve("b", notes);
			const client = await caller();
			expect(await namesIn(client)).toEqual(["a", "b"]);
			const reads = Array.from({ length: 20 }, () => client.read({ afterMs: 1_000 }, { timeoutMs: 60_000 }));
			const writes = Array.from({ length: 10 }, (_, n) =>
				client.write({ n, afterMs: 1_000 }, { timeoutMs: 60_000 }).catch((error: unknown) => BusError.from(error)),
			);
			// When all have begun.
			await expect.poll(async () => (await runsIn(notes)).size, { timeout: 10_000 }).toBe(10);
			first?.signal("SIGKILL");
			expect(await goneAfterMs(client, "a")).toBeLessThan(TOLD_WITHIN_MS);
			expect(domain.instances).toBe(1);
			await Promise.all(reads);
			const outcomes = await Promise.all(writes);
			for (const outcome of outcomes) {
				if (typeof outcome === "string") expect(outcome).toBe("b");
				else expect(outcome).toMatchObject({ code: "unavailable", executed: "unknown" });
			}
			expect([...(await runsIn(notes)).values()]).toEqual(Array(10).fill(1));
			await expect(client.read({ afterMs: 0 })).resolves.toBe("b");
		}, 90_000);

		it("is told within 2 s of one that crashes, was it there before the domain, and of one whose link is cut", async () => {
			const notes = notesFile();
			const child = spawn("early", notes);
			const domain = await hostDomain(LONG_LEASE_MS);
			await isServing(child);
			await using proxy = await startTcpProxy({ target: { port: server.c2sPort } });
			const cut = await provider(proxy.port);
			await cut.serve(work, { read: () => "cut", write: () => "cut" }, { domain: DOMAIN, instance: "cut" });
			// Where nobody were left, a host that has just started would first wait for others to come back.
			await serve("well", notes);
			const client = await caller();
			expect(await namesIn(client)).toEqual(["cut", "early", "well"]);
			child.signal("SIGABRT");
			expect(await goneAfterMs(client, "early")).toBeLessThan(TOLD_WITHIN_MS);
			// Else it would be there again.
			await proxy.refuse();
			proxy.cut();
			expect(await goneAfterMs(client, "cut")).toBeLessThan(TOLD_WITHIN_MS);
			expect(domain.instances).toBe(1);
		}, 90_000);

		it("gives up within 20 s what stands still or hangs behind a dead connection, while calls go on", async () => {
			const domain = await hostDomain();
			const notes = notesFile();
			const [stopped] = await workers(["stopped"], notes);
			await serve("well", notes);
			await using proxy = await startTcpProxy({ target: { port: server.c2sPort } });
			const cut = await provider(proxy.port);
			await cut.serve(work, { read: () => "cut", write: () => "cut" }, { domain: DOMAIN, instance: "cut" });
			const client = await caller();
			await client.read({ afterMs: 0 });
			expect(domain.instances).toBe(3);
			proxy.stall();
			stopped?.signal("SIGSTOP");
			const reads = Array.from({ length: 20 }, () => failureOr(client.read({ afterMs: 0 }, { timeoutMs: 60_000 })));
			expect(await goneAfterMs(client, "stopped", "cut")).toBeLessThan(NOTICED_WITHIN_MS);
			expect(domain.instances).toBe(1);
			expect(new Set(await Promise.all(reads))).toEqual(new Set(["well"]));
			stopped?.signal("SIGCONT");
			await expect.poll(() => domain.instances, { timeout: 30_000 }).toBe(2);
		}, 120_000);

		it("loses no call while instances drain, die and come back: what reports that it did not run did not", async () => {
			await hostDomain();
			const notes = notesFile();
			const names = ["a", "b", "c"];
			const children = await workers(names, notes);
			const client = await caller();
			await client.read({ afterMs: 0 });
			let isOver = false;
			let n = 0;
			const writes: (string | BusError)[] = [];
			const reads: (string | BusError)[] = [];
			const callAway = async () => {
				while (!isOver) {
					const own = n++;
					writes[own] = await failureOr(client.write({ n: own, afterMs: RUN_MS }, { timeoutMs: 5_000 }));
					reads.push(await failureOr(client.read({ afterMs: RUN_MS }, { timeoutMs: 30_000 })));
				}
			};
			const calling = Array.from({ length: 16 }, callAway);
			for (const [i, signal] of (["SIGTERM", "SIGKILL", "SIGTERM", "SIGKILL"] as const).entries()) {
				const at = i % names.length;
				children[at]?.signal(signal);
				await children[at]?.exited;
				const name = names[at] ?? "";
				// The first to come back is the only one that has to die again.
				if (i === 0) [children[at]] = (await workers([name], notes)) as [Child];
				else await serve(name, notes);
			}
			await expect.poll(() => n, { timeout: 60_000 }).toBeGreaterThan(1_000);
			isOver = true;
			await Promise.all(calling);
			const runs = await runsIn(notes);
			let open = 0;
			for (const [i, outcome] of writes.entries()) {
				const ran = runs.get(i) ?? 0;
				if (typeof outcome === "string") expect(ran).toBe(1);
				else if (outcome.executed === "no") expect(ran).toBe(0);
				else {
					expect(ran).toBeLessThanOrEqual(1);
					open++;
				}
			}
			// Two were killed, with at most the sixteen that were under way there.
			expect(open).toBeLessThanOrEqual(32);
			expect(writes.filter((outcome) => typeof outcome !== "string").length).toBe(open);
			expect(reads.filter((outcome) => typeof outcome !== "string")).toEqual([]);
		}, 180_000);

		it("is filled again after its host was restarted, while callers go on and the dead are told of", async () => {
			const first = await hostDomain(6_000);
			const notes = notesFile();
			const [doomed] = await workers(["a"], notes);
			await serve("b", notes);
			const client = await caller();
			await client.read({ afterMs: 0 });
			await first.close();
			for (let i = 0; i < 50; i++) await client.read({ afterMs: 0 });
			const second = await hostDomain(LONG_LEASE_MS);
			for (let i = 0; i < 50; i++) await client.read({ afterMs: 0 });
			await expect.poll(() => second.instances, { timeout: 30_000 }).toBe(2);
			doomed?.signal("SIGKILL");
			expect(await goneAfterMs(client, "a")).toBeLessThan(TOLD_WITHIN_MS);
			expect(second.instances).toBe(1);
			await expect(client.read({ afterMs: 0 })).resolves.toBe("b");
		}, 120_000);

		it("refuses a second host of the same domain, and the first goes on", async () => {
			const first = await hostDomain();
			const node = await provider();
			const handlers = { read: () => "well", write: () => "well" };
			await node.serve(work, handlers, { domain: DOMAIN, instance: "well" });
			for (let i = 0; i < 2; i++) {
				const second = await failure(createDomain({ link: component(server) }));
				expect(second).toMatchObject({ code: "conflict", executed: "no" });
			}
			expect(first.instances).toBe(1);
			const client = await caller();
			for (let n = 0; n < 20; n++) {
				await expect(client.read({ afterMs: 0 })).resolves.toBe("well");
				expect(await client.$instances()).toHaveLength(1);
			}
		}, 60_000);

		it("lets an instance that was killed come back under its name at once, and nobody else have it", async () => {
			const domain = await hostDomain(LONG_LEASE_MS);
			const notes = notesFile();
			const [first] = await workers(["a"], notes);
			first?.signal("SIGKILL");
			await expect.poll(() => domain.instances, { timeout: TOLD_WITHIN_MS }).toBe(0);
			await serve("a", notes);
			expect(domain.instances).toBe(1);
			const client = await caller();
			await expect(client.read({ afterMs: 0 })).resolves.toBe("a");
			const handlers = { read: () => "other", write: () => "other" };
			const same = await provider();
			const options = { domain: DOMAIN, instance: "a" };
			expect(await failure(same.serve(work, handlers, options))).toMatchObject({ code: "conflict" });
			const alice = await createNode({ link: account(server, "alice") });
			ends.push(() => alice.close());
			expect(await failure(alice.serve(work, handlers, options))).toMatchObject({ code: "forbidden" });
			const changed = service("work", "1.0.0", { read: get({}) });
			const other = { domain: DOMAIN, instance: "b" };
			expect(await failure(same.serve(changed, { read: () => {} }, other))).toMatchObject({ code: "conflict" });
		}, 90_000);

		it("gives an instance that answers slowly less, and one that never answers next to nothing", async () => {
			await hostDomain();
			const calls = { quick: 0, slow: 0, never: 0 };
			const write = () => "";
			const serve = async (who: keyof typeof calls, read: () => Promise<string>) => {
				const node = await provider();
				const counted = () => {
					calls[who]++;
					return read();
				};
				await node.serve(work, { read: counted, write }, { domain: DOMAIN, instance: who });
			};
			await serve("quick", async () => "quick");
			await serve("slow", () => new Promise((resolve) => setTimeout(() => resolve("slow"), 200)));
			await serve("never", () => new Promise(() => {}));
			const client = await caller();
			const callAway = async () => {
				for (let i = 0; i < 100; i++) await failureOr(client.read({ afterMs: 0 }, { timeoutMs: 500 }));
			};
			await Promise.all(Array.from({ length: 8 }, callAway));
			expect(calls.slow).toBeLessThan(calls.quick / 2);
			expect(calls.never).toBeLessThan(calls.quick / 8);
		}, 90_000);

		it("is there again with all its instances when the server was killed and is back", async () => {
			const domain = await hostDomain();
			const notes = notesFile();
			for (const instance of ["a", "b"]) await serve(instance, notes);
			const client = await caller();
			await client.read({ afterMs: 0 });
			await server.kill("SIGKILL");
			await server.restart();
			await expect
				.poll(() => client.read({ afterMs: 0 }).catch(() => "not yet"), { timeout: 40_000, interval: 200 })
				.toMatch(/^[ab]$/);
			await expect.poll(() => domain.instances, { timeout: 40_000 }).toBe(2);
		}, 120_000);
	});
}

const failureOr = (promise: Promise<string>): Promise<string | BusError> =>
	promise.catch((error: unknown) => BusError.from(error));

type WorkClient = Client<typeof work.functions>;

const namesIn = async (client: WorkClient): Promise<string[]> =>
	(await client.$instances()).map(({ name }) => name).sort();

/**
 * How long from now a caller is still told of one of these instances: until it asks for the last time and is. So a test
 * machine that is slow to ask or to answer does not count. Gives up, and says so, well after every promise.
 */
async function goneAfterMs(client: WorkClient, ...instances: readonly string[]): Promise<number> {
	const startMs = performance.now();
	let lastMs = 0;
	for (;;) {
		const askedMs = performance.now() - startMs;
		const names = await namesIn(client);
		if (!instances.some((name) => names.includes(name))) return lastMs;
		lastMs = askedMs;
		if (lastMs > 2 * NOTICED_WITHIN_MS)
			throw new Error(`still there after ${Math.round(lastMs)} ms: ${names.join(", ")}`);
		await sleep(LOOK_MS);
	}
}
