import { memoryBus } from "@antiphon/link";
import { type Log, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { get, isFault, service, set } from "antiphon";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createDomain } from "./index.js";
import { failure, host, join, NAME } from "./testing/bus.js";

const dictionary = service("dictionary", "1.2.0", {
	define: get({
		input: z.object({ word: z.string() }),
		output: z.object({ text: z.string() }),
		faults: { unknown: z.object({ near: z.array(z.string()) }) },
	}),
	learn: set({ input: z.object({ word: z.string() }), output: z.object({ by: z.string() }) }),
});

function keepingLog(): Log & { readonly lines: string[] } {
	const lines: string[] = [];
	const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
	return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

const handlersOf = (who: string) => ({
	define: ({ word }: { word: string }, ctx: { fail(name: "unknown", data: { near: string[] }): never }) =>
		word === "?" ? ctx.fail("unknown", { near: [who] }) : { text: `${word} by ${who}` },
	learn: () => ({ by: who }),
});

describe("a domain", () => {
	it.each<[string, object | null | undefined]>([
		["the options must be an object, not null", null],
		["createDomain needs a link", {}],
		["createDomain needs a link", { link: "xmpp://localhost" }],
		["store must be a store: lmdbStore(folder)", { link: memoryBus().link(NAME), store: "dir" }],
		["outbox: there is no such setting; there are link,", { link: memoryBus().link(NAME), outbox: 1 }],
		["stores: there is no such setting; did you mean store?", { link: memoryBus().link(NAME), stores: 1 }],
	])("is not hosted with options that cannot be: %s", async (message, options) => {
		const error = await failure(createDomain(options as never));
		expect(error).toMatchObject({ code: "invalid-argument", message: expect.stringContaining(message) });
	});

	it("registers a provider on an account, and its callers call it directly", async () => {
		const bus = memoryBus();
		const domain = await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		const served = await worker.serve(dictionary, handlersOf("a"), { domain: NAME, instance: "worker-7" });
		expect(served.instance).toBe("worker-7");
		expect(domain.instances).toBe(1);
		const caller = await join(bus, "caller@example.org/x");
		const client = caller.client(dictionary, { domain: NAME });
		await expect(client.define({ word: "xmpp" })).resolves.toEqual({ text: "xmpp by a" });
		await expect(client.$instances()).resolves.toEqual([
			{
				name: "worker-7",
				jid: "worker@example.org/a",
				version: "1.2.0",
				state: "available",
				running: 0,
				concurrency: 1024,
				labels: {},
			},
		]);
		const error = await failure(client.define({ word: "?" }));
		expect(isFault(error, dictionary.functions.define, "unknown") && error.data.near).toEqual(["a"]);
	});

	it("shares the load between instances, and goes on with those that are left", async () => {
		const bus = memoryBus();
		const domain = await host(bus);
		const workers = await Promise.all(["a", "b", "c"].map((name) => join(bus, `worker@example.org/${name}`)));
		for (const [i, worker] of workers.entries()) {
			await worker.serve(dictionary, handlersOf(`${i}`), { domain: NAME, instance: `worker-${i}` });
		}
		const caller = await join(bus, "caller@example.org/x");
		const client = caller.client(dictionary, { domain: NAME });
		const answered = async (calls: number) =>
			new Set(await Promise.all(Array.from({ length: calls }, async () => (await client.learn({ word: "x" })).by)));
		expect(await answered(60)).toEqual(new Set(["0", "1", "2"]));
		await workers[0]?.close();
		expect(await answered(60)).toEqual(new Set(["1", "2"]));
		expect(domain.instances).toBe(2);
	});

	it("passes on the calls of those who do not resolve, for whoever made them", async () => {
		const bus = memoryBus();
		await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		const who = service("who", "1.0.0", { am: get({ output: z.object({ from: z.string() }) }) });
		await worker.serve(who, { am: (_, ctx) => ({ from: ctx.from }) }, { domain: NAME });
		await worker.serve(dictionary, handlersOf("a"), { domain: NAME });
		const caller = await join(bus, "caller@example.org/x");
		const at = (fn: string) => ({ to: `${fn}@${NAME}` });
		await expect(caller.client(who, at("who.am")).am()).resolves.toEqual({ from: "caller@example.org/x" });
		await expect(caller.client(dictionary, at("dictionary")).learn({ word: "x" })).resolves.toEqual({ by: "a" });
		const error = await failure(caller.client(dictionary, at("dictionary.define")).define({ word: "?" }));
		expect(error).toMatchObject({ code: "fault", name: "unknown", executed: "yes", data: { near: ["a"] } });
		expect(await failure(caller.client(dictionary, at("nobody.define")).define({ word: "?" }))).toMatchObject({
			code: "not-found",
		});
	});

	it("passes on that a call was given up, too", async () => {
		const bus = memoryBus();
		await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		const slow = service("slow", "1.0.0", { wait: get({}) });
		const seen: unknown[] = [];
		const wait = (_: undefined, ctx: { readonly signal: AbortSignal }) =>
			new Promise<void>((resolve) => {
				seen.push("started");
				ctx.signal.addEventListener("abort", () => {
					seen.push("aborted");
					resolve();
				});
			});
		await worker.serve(slow, { wait }, { domain: NAME });
		const caller = await join(bus, "caller@example.org/x");
		const abort = new AbortController();
		const call = failure(caller.client(slow, { to: `slow.wait@${NAME}` }).wait(undefined, { signal: abort.signal }));
		await expect.poll(() => seen).toEqual(["started"]);
		abort.abort();
		expect(await call).toMatchObject({ code: "cancelled", executed: "unknown" });
		await expect.poll(() => seen).toEqual(["started", "aborted"]);
	});

	it("tells a name that nobody has from one that nobody serves at the moment", async () => {
		const bus = memoryBus();
		await host(bus);
		const caller = await join(bus, "caller@example.org/x");
		const client = caller.client(dictionary, { domain: NAME });
		expect(await failure(client.learn({ word: "x" }))).toMatchObject({ code: "not-found", executed: "no" });
		const worker = await join(bus, "worker@example.org/a");
		const served = await worker.serve(dictionary, handlersOf("a"), { domain: NAME });
		await client.$waitFor({ timeoutMs: 2_000 });
		await expect(client.learn({ word: "x" })).resolves.toEqual({ by: "a" });
		await served.drain();
		expect(await failure(client.learn({ word: "x" }))).toMatchObject({ code: "unavailable", executed: "no" });
	});

	it("serves callers of the same major version that are not newer, and two majors side by side", async () => {
		const bus = memoryBus();
		await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		const two = service("dictionary", "2.0.0", { define: get({ output: z.object({ two: z.boolean() }) }) });
		await worker.serve(dictionary, handlersOf("a"), { domain: NAME, instance: "one" });
		await worker.serve(two, { define: () => ({ two: true }) }, { domain: NAME, instance: "two" });
		const caller = await join(bus, "caller@example.org/x");
		const as = (version: string) =>
			caller.client(service("dictionary", version, dictionary.functions), { domain: NAME });
		await expect(as("1.0.0").learn({ word: "x" })).resolves.toEqual({ by: "a" });
		await expect(caller.client(two, { domain: NAME }).define()).resolves.toEqual({ two: true });
		const error = await failure(as("1.3.0").learn({ word: "x" }));
		expect(error).toMatchObject({ code: "unimplemented", executed: "no" });
		expect(error.message).toMatch(/1\.3\.0.*1\.2\.0/);
		// The same through the domain.
		const through = caller.client(two, { to: `dictionary.define@${NAME}` });
		await expect(through.define()).resolves.toEqual({ two: true });
		const old = caller.client(dictionary, { to: `dictionary.learn@${NAME}` });
		await expect(old.learn({ word: "x" })).resolves.toEqual({ by: "a" });
	});

	it("is told of two majors of one node after a restart, too", async () => {
		const bus = memoryBus();
		const first = await host(bus, { limits: { leaseMs: 300 } });
		const worker = await join(bus, "worker@example.org/a");
		const two = service("dictionary", "2.0.0", { define: get({}) });
		await worker.serve(dictionary, handlersOf("a"), { domain: NAME, instance: "one" });
		await worker.serve(two, { define: () => {} }, { domain: NAME, instance: "two" });
		await first.close();
		const second = await host(bus, { limits: { leaseMs: 300 } });
		await expect.poll(() => second.instances, { timeout: 3_000 }).toBe(2);
	});

	it("refuses another contract under the same version, and a name that another account owns", async () => {
		const bus = memoryBus();
		const domain = await host(bus);
		const first = await join(bus, "worker@example.org/a");
		const served = await first.serve(dictionary, handlersOf("a"), { domain: NAME });
		const changed = service("dictionary", "1.2.0", { define: get({ output: z.string() }) });
		const second = await join(bus, "worker@example.org/b");
		const conflict = await failure(second.serve(changed, { define: () => "x" }, { domain: NAME }));
		expect(conflict).toMatchObject({ code: "conflict", message: expect.stringContaining("another version") });
		const mallory = await join(bus, "mallory@example.org/a");
		expect(await failure(mallory.serve(dictionary, handlersOf("m"), { domain: NAME }))).toMatchObject({
			code: "forbidden",
		});
		// Also while its owner is away.
		await served.drain();
		expect(domain.instances).toBe(0);
		expect(await failure(mallory.serve(dictionary, handlersOf("m"), { domain: NAME }))).toMatchObject({
			code: "forbidden",
		});
	});

	it("judges by policy who may register and who may call, and providers judge again", async () => {
		const bus = memoryBus();
		const log = keepingLog();
		const domain = await host(bus, {
			log,
			access: {
				register: [{ allow: "worker@example.org", to: "dictionary" }],
				call: [{ deny: "eve@example.org" }, { allow: "*@example.org", to: "dictionary.define" }],
			},
		});
		const worker = await join(bus, "worker@example.org/a");
		await worker.serve(dictionary, handlersOf("a"), { domain: NAME });
		const other = service("other", "1.0.0", { f: get({}) });
		expect(await failure(worker.serve(other, { f: () => {} }, { domain: NAME }))).toMatchObject({ code: "forbidden" });
		const alice = await join(bus, "alice@example.org/x");
		const eve = await join(bus, "eve@example.org/x");
		await expect(alice.client(dictionary, { domain: NAME }).define({ word: "x" })).resolves.toBeDefined();
		for (const target of [{ domain: NAME }, { to: `dictionary@${NAME}` }, { to: worker.jid }]) {
			expect(await failure(alice.client(dictionary, target).learn({ word: "x" }))).toMatchObject({
				code: "forbidden",
				executed: "no",
			});
			expect(await failure(eve.client(dictionary, target).define({ word: "x" }))).toMatchObject({ code: "forbidden" });
		}
		expect(log.lines.some((line) => line.startsWith("warn refused: "))).toBe(true);
		// A service to register, and of what Alice and Eve asked what came by the domain: one call, and two times resolving
		// or a call.
		expect(domain.denied).toBe(4);
	});

	it("refuses look-ups as it does calls, and so do its providers: logged and counted", async () => {
		const bus = memoryBus();
		const [log, workersLog] = [keepingLog(), keepingLog()];
		const domain = await host(bus, { log, access: { call: [{ deny: "eve@example.org" }, { allow: "*" }] } });
		const worker = await join(bus, "worker@example.org/a", { log: workersLog });
		await worker.serve(dictionary, handlersOf("a"), { domain: NAME });
		const eve = await join(bus, "eve@example.org/x");
		const contract = xml("contract", NS.contract, { service: "dictionary" });
		const asked = [contract, xml("query", NS.discoInfo, { node: "dictionary" })];
		for (const payload of asked) {
			expect(await failure(eve.query({ type: "get", to: worker.jid, payload }))).toMatchObject({ code: "forbidden" });
		}
		expect(worker.stats()).toMatchObject({ denied: 2, refused: 0 });
		expect(workersLog.lines.filter((line) => line.startsWith("warn refused: eve@example.org"))).toHaveLength(2);
		for (const payload of [xml("contract", NS.contract), xml("query", NS.discoInfo), xml("ping", NS.ping)]) {
			const to = `dictionary.learn@${NAME}`;
			expect(await failure(eve.query({ type: "get", to, payload }))).toMatchObject({ code: "forbidden" });
		}
		const nodes = xml("nodes", NS.stats);
		expect(await failure(eve.query({ type: "get", to: NAME, payload: nodes }))).toMatchObject({ code: "forbidden" });
		expect(domain.denied).toBe(4);
		expect(log.lines.filter((line) => line.startsWith("warn refused: eve@example.org"))).toHaveLength(4);
	});

	it("believes nobody but the domain about whom a call is for", async () => {
		const bus = memoryBus();
		await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		await worker.serve(dictionary, handlersOf("a"), { domain: NAME });
		const mallory = await join(bus, "mallory@example.org/x");
		for (const to of [worker.jid, `dictionary.learn@${NAME}`]) {
			const payload = xml(
				"call",
				NS.rpc,
				{ fn: "dictionary.learn", ttl: "1000", enc: "json", for: "alice@example.org/x" },
				'{"word":"x"}',
			);
			expect(await failure(mallory.query({ type: "set", to, payload }))).toMatchObject({ code: "forbidden" });
		}
	});

	it("is filled again after a restart, and callers go on meanwhile", async () => {
		const bus = memoryBus();
		const first = await host(bus, { limits: { leaseMs: 300 } });
		const worker = await join(bus, "worker@example.org/a");
		await worker.serve(dictionary, handlersOf("a"), { domain: NAME });
		const caller = await join(bus, "caller@example.org/x");
		const client = caller.client(dictionary, { domain: NAME });
		await client.learn({ word: "x" });
		await first.close();
		await expect(client.learn({ word: "x" })).resolves.toEqual({ by: "a" });
		const second = await host(bus, { limits: { leaseMs: 300 } });
		await expect.poll(() => second.instances, { timeout: 3_000 }).toBe(1);
		const fresh = await join(bus, "fresh@example.org/x");
		await expect(fresh.client(dictionary, { domain: NAME }).learn({ word: "x" })).resolves.toEqual({ by: "a" });
	});
});
