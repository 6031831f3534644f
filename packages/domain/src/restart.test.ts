import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { type Link, type MemoryBus, memoryBus } from "@antiphon/link";
import {
	decodeResolution,
	encodeRenew,
	encodeResolve,
	encodeRestarted,
	iq,
	message,
	NS,
	presence,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { get, type Node, ping, service } from "antiphon";
import { expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { failure, host, join, NAME, untilTheEnd } from "./testing/bus.js";

const LEASE_MS = 3_000;
/** So long that a test which would wait for its end has failed. */
const LONG_MS = 60_000;
const AT = `work@${NAME}`;
const work = service("work", "1.0.0", { who: get({ output: z.string() }) });

async function worker(bus: MemoryBus, instance: string): Promise<Node> {
	const node = await join(bus, `worker@example.org/${instance}`);
	await node.serve(work, { who: () => instance }, { domain: NAME, instance });
	return node;
}

/** A service with one instance, a caller that knows it, and a host that has just been started again. */
async function restarted(settleMs: number) {
	const bus = memoryBus();
	const first = await host(bus, { limits: { leaseMs: LEASE_MS } });
	const provider = await worker(bus, "one");
	const caller = await join(bus, "caller@example.org/x");
	const client = caller.client(work, { domain: NAME });
	await client.who();
	await first.close();
	const second = await host(bus, { limits: { leaseMs: LEASE_MS, settleMs } });
	return { bus, provider, client, caller, second };
}

const ask = async (node: Node) =>
	decodeResolution(
		await node.query({ type: "get", to: AT, payload: encodeResolve({ version: undefined, watchMs: 0 }) }),
	);

it("A host that has just started says that it does not know yet, and callers go on with what they know", async () => {
	const { client, caller, second } = await restarted(LONG_MS);
	expect(await ask(caller)).toMatchObject({ instances: [], settlingMs: expect.any(Number) });
	expect(second.instances).toBe(0);
	// They ask, and are not told that nobody serves it.
	expect(await client.$instances()).toMatchObject([{ name: "one" }]);
	expect(await client.who()).toBe("one");
	expect(second.instances).toBe(0);
});

it("A caller that knows nobody waits until somebody has registered again", async () => {
	const { bus, second } = await restarted(LONG_MS);
	const [one, other] = [await join(bus, "new@example.org/1"), await join(bus, "new@example.org/2")];
	const found = other.client(work, { domain: NAME }).$instances();
	expect(await one.client(work, { domain: NAME }).who()).toBe("one");
	expect(await found).toMatchObject([{ name: "one" }]);
	expect(second.instances).toBe(1);
});

it("A caller that knows nobody is told by its deadline, or as soon as the host has heard of everybody", async () => {
	const bus = memoryBus();
	await host(bus, { limits: { settleMs: 300 } });
	const client = (await join(bus, "new@example.org/1")).client(work, { domain: NAME });
	const early = await failure(client.who(undefined, { timeoutMs: 20 }));
	expect(early).toMatchObject({ code: "deadline-exceeded", executed: "no" });
	expect(await failure(client.who())).toMatchObject({ code: "not-found", executed: "no" });
	expect(await client.$instances()).toEqual([]);
});

it("Instances that go while the host settles have gone; of the others callers hear when it has settled", async () => {
	const { bus, client, provider } = await restarted(LEASE_MS);
	// This one's server says nothing: it is kept, and forgotten when the host has settled.
	const other = await worker(bus, "two");
	const names = async () => (await client.$instances()).map(({ name }) => name).sort();
	expect(await names()).toEqual(["one", "two"]);
	await other.close();
	expect(await names()).toEqual(["one"]);
	await provider.close();
	await expect.poll(names, { timeout: 10_000 }).toEqual([]);
});

it("Names of long ago are not given up before their providers can have come back", async () => {
	const folder = await mkdtemp(joinPath(tmpdir(), "antiphon-names-"));
	onTestFinished(() => rm(folder, { recursive: true }));
	const stateFile = joinPath(folder, "state.json");
	const known = { format: 1, owners: { old: "alice@example.org" }, lastUsed: { old: "2020-01-01" }, subscribers: {} };
	await writeFile(stateFile, JSON.stringify(known));
	const bus = memoryBus();
	await host(bus, { stateFile, limits: { settleMs: 300, maxNames: 1 } });
	const node = await join(bus, "bob@example.org/x", { limits: { connectTimeoutMs: 1 } });
	const serve = () => node.serve(work, { who: () => "bob" }, { domain: NAME });
	expect(await failure(serve())).toMatchObject({ code: "overloaded" });
	await expect
		.poll(
			() =>
				serve().then(
					() => true,
					() => false,
				),
			{ timeout: 10_000 },
		)
		.toBe(true);
});

it("Subscribers are not told that nobody is there by a host that does not know", async () => {
	const bus = memoryBus();
	await host(bus, { limits: { settleMs: LONG_MS }, access: { register: [{ allow: "*" }], call: [{ allow: "*" }] } });
	const seen: Element[] = [];
	const link = untilTheEnd(bus.link("home.example"));
	await link.open({ onState() {}, onStanza: (stanza) => void seen.push(stanza) }, { timeoutMs: 1_000 });
	const types = () => seen.map((stanza) => stanza.attr("type") ?? "available");
	for (const type of ["subscribe", "probe", "probe"]) link.send(presence({ from: "alice@home.example", to: AT, type }));
	await expect.poll(types).toEqual(["subscribed"]);
	const provider = await worker(bus, "one");
	await expect.poll(types, { timeout: 10_000 }).toEqual(["subscribed", "available"]);
	// What it has seen go it tells of.
	await provider.close();
	await expect.poll(types, { timeout: 10_000 }).toEqual(["subscribed", "available", "unavailable"]);
	link.send(presence({ from: "alice@home.example", to: AT, type: "probe" }));
	await expect.poll(() => types().length).toBe(4);
});

it("Renewals that waited while the host stood still for longer than a lease are read before anybody is forgotten", async () => {
	const bus = memoryBus();
	const leaseMs = 200;
	const domain = await host(bus, { limits: { leaseMs } });
	const provider = await worker(bus, "one");
	const pushed: number[] = [];
	const watching = untilTheEnd(bus.link("watcher@example.org/x"));
	await watching.open(
		{
			onState() {},
			onStanza: (stanza) => {
				const told = stanza.name === "message" ? stanza.child("instances", NS.resolve) : undefined;
				if (told !== undefined) pushed.push(told.elements().length);
			},
		},
		{ timeoutMs: 1_000 },
	);
	watching.send(iq("get", { to: AT, id: "w" }, encodeResolve({ version: undefined, watchMs: LONG_MS })));
	const renewal = encodeRenew([{ service: "work", instance: "one", state: "available", running: 0 }]);
	await provider.query({ type: "set", to: NAME, payload: renewal });
	const answer = provider.query({ type: "set", to: NAME, payload: renewal });
	const endMs = performance.now() + 3 * leaseMs;
	while (performance.now() < endMs);
	expect((await answer)?.elements()).toEqual([]);
	expect(domain.instances).toBe(1);
	expect(pushed).not.toContain(0);
});

it("Callers that were told of changes are told of them again by the host that comes after", async () => {
	const folder = await mkdtemp(joinPath(tmpdir(), "antiphon-restart-"));
	try {
		const bus = memoryBus();
		const stateFile = joinPath(folder, "state.json");
		const first = await host(bus, { stateFile });
		await worker(bus, "one");
		const caller = await join(bus, "caller@example.org/x");
		const client = caller.client(work, { domain: NAME });
		expect(await client.who()).toBe("one");
		await first.close();
		const second = await host(bus, { stateFile });
		await expect.poll(() => second.instances).toBe(1);
		await worker(bus, "two");
		await expect.poll(() => client.who(), { timeout: 5_000 }).toBe("two");
	} finally {
		await rm(folder, { recursive: true });
	}
});

it("Providers that the state file names are told that the host has started, and register again at once", async () => {
	const folder = await mkdtemp(joinPath(tmpdir(), "antiphon-restart-"));
	try {
		const bus = memoryBus();
		const options = { stateFile: joinPath(folder, "state.json"), limits: { leaseMs: LONG_MS, settleMs: LONG_MS } };
		const first = await host(bus, options);
		await worker(bus, "one");
		const gone = await worker(bus, "two");
		await first.close();
		await gone.close();
		const second = await host(bus, options);
		await expect.poll(() => second.instances, { timeout: 10_000 }).toBe(1);
		expect(await (await join(bus, "new@example.org/1")).client(work, { domain: NAME }).who()).toBe("one");
		await second.close();
		expect(JSON.parse(await readFile(options.stateFile, "utf8"))).toMatchObject({
			nodes: ["worker@example.org/one", "worker@example.org/two"],
		});
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
});

it("Providers take from nobody but their domain that its host has started", async () => {
	const bus = memoryBus();
	const first = await host(bus, { limits: { leaseMs: LONG_MS } });
	const provider = await worker(bus, "one");
	await first.close();
	const second = await host(bus, { limits: { leaseMs: LONG_MS } });
	const say = (link: Link) => link.send(message({ to: provider.jid, type: "headline" }, encodeRestarted()));
	const mallory = untilTheEnd(bus.link("mallory@example.org/x"));
	await mallory.open({ onState() {}, onStanza() {} }, { timeoutMs: 1_000 });
	say(mallory);
	// When this has been answered, that was read.
	await ping(await join(bus, "caller@example.org/x"), provider.jid);
	await ping(provider, NAME);
	expect(second.instances).toBe(0);
	await second.close();
	const domain = untilTheEnd(bus.link(NAME));
	const asked = new Promise<Element>((resolve) => {
		void domain.open({ onState() {}, onStanza: resolve }, { timeoutMs: 1_000 });
	});
	await expect.poll(() => domain.state.state).toBe("online");
	say(domain);
	expect((await asked).child("renew", NS.registry)).toBeDefined();
});

it("Calls to a name that is owned are not told that there is no such thing by a host that does not know", async () => {
	const folder = await mkdtemp(joinPath(tmpdir(), "antiphon-restart-"));
	try {
		const bus = memoryBus();
		const options = { stateFile: joinPath(folder, "state.json"), limits: { leaseMs: LONG_MS, settleMs: LONG_MS } };
		const first = await host(bus, options);
		const provider = await worker(bus, "one");
		await provider.drain();
		await first.close();
		await host(bus, options);
		const caller = await join(bus, "new@example.org/1");
		const unknown = await failure(caller.client(work, { to: `work.who@${NAME}` }).who());
		expect(unknown).toMatchObject({ code: "unavailable", executed: "no" });
		const other = service("other", "1.0.0", { f: get({}) });
		expect(await failure(caller.client(other, { to: `other.f@${NAME}` }).f())).toMatchObject({ code: "not-found" });
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
});
