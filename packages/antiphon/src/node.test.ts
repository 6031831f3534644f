import { memoryBus } from "@antiphon/link";
import { BusError, iq, Jid, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { createNode, get, type NodeStatus, service } from "./index.js";
import {
	DOMAIN,
	echoing,
	FakeLink,
	failureOf,
	fakeNode,
	gate,
	join,
	keepingLog,
	probe,
	rawLink,
	turn,
	world,
} from "./testing/bus.js";

const at = { domain: DOMAIN };

describe("createNode", () => {
	it("leaves nothing behind when the link cannot come up", async () => {
		const bus = memoryBus();
		const first = await join(bus, "a@example.org/x");
		const link = bus.link("a@example.org/x");
		expect(await failureOf(createNode({ link }))).toMatchObject({ code: "conflict" });
		expect(link.state.state).toBe("closed");
		await first.close();
		await join(bus, "a@example.org/x");
	});

	it("refuses a link that another node has, and does not harm that node", async () => {
		const link = new FakeLink();
		const node = await fakeNode(link);
		expect(await failureOf(createNode({ link }))).toMatchObject({ code: "invalid-argument" });
		expect(link.state.state).toBe("online");
		await node.close();
		expect(await failureOf(createNode({ link }))).toMatchObject({ code: "invalid-argument" });
	});

	it.each([undefined, null, {}, { link: {} }, "link"])("refuses the options %j of JavaScript", async (options) => {
		expect(await failureOf(createNode(options as never))).toMatchObject({ code: "invalid-argument" });
	});

	it("tells once why it could not come online: by what it throws, not by its log too", async () => {
		const log = keepingLog();
		const link = new FakeLink();
		const cause = new BusError("unauthenticated", "wrong password");
		vi.spyOn(link, "open").mockImplementation(async (events) => {
			events.onState({ state: "closed", cause });
			throw cause;
		});
		expect(await failureOf(createNode({ link, log }))).toBe(cause);
		expect(log.lines).toEqual([]);
	});

	it.each<object>([{ maxCallsIn: 0 }, { defaultTimeoutMs: 1e12 }, { drainTimeoutMs: 1.5 }, { toString: 1 }])(
		"refuses the limits %j before it opens the link",
		async (limits) => {
			const link = memoryBus().link("a@example.org/x");
			expect(await failureOf(createNode({ link, limits }))).toMatchObject({ code: "invalid-argument" });
			expect(link.state.state).toBe("idle");
		},
	);
});

describe("serve", () => {
	it("refuses a service of a name that is served", async () => {
		const { provider } = await world();
		expect(await failureOf(provider.serve(probe, echoing))).toMatchObject({ code: "conflict" });
	});

	it("names the handler that is missing", async () => {
		const { caller } = await world();
		await expect(caller.serve(probe, { echo: echoing.echo } as never)).rejects.toThrow(
			new TypeError("probe.learn has no handler"),
		);
		const inherited = service("inherited", "1.0.0", { toString: get({}), constructor: get({}) });
		await expect(caller.serve(inherited, {} as never)).rejects.toThrow(/inherited\.(toString|constructor) has no/);
	});

	it("names the schema that has no JSON Schema, and claims no domain then", async () => {
		const unhappy = z.string();
		Object.defineProperty(unhappy, "~standard", {
			value: {
				...unhappy["~standard"],
				jsonSchema: {
					input: () => {
						throw new Error("cannot");
					},
				},
			},
		});
		const bus = memoryBus();
		const node = await join(bus, "a@example.org/x");
		const broken = service("broken", "1.0.0", { f: get({ input: unhappy }) });
		await expect(node.serve(broken, { f: () => {} }, at)).rejects.toThrow("broken.f: input has no JSON Schema: cannot");
		await join(bus, DOMAIN);
	});

	it("refuses a domain that is not this node's and registers nothing", async () => {
		const { caller } = await world({}, { caller: { limits: { connectTimeoutMs: 50 } } });
		expect(await failureOf(caller.serve(probe, echoing, at))).toMatchObject({
			code: "unimplemented",
			message: expect.stringMatching(/^probe is not registered with .*: fn\.example\.org does not register services/),
		});
		for (const domain of ["@", "a@b", "a/b", ""]) {
			expect(await failureOf(caller.serve(probe, echoing, { domain }))).toMatchObject({ code: "invalid-argument" });
		}
	});

	it("takes a domain however it is spelled", async () => {
		const node = await join(memoryBus(), "FN.Example.org");
		await node.serve(probe, echoing, { domain: "fn.EXAMPLE.org." });
	});

	it("refuses an instance that no resource can be, and a concurrency that is no number", async () => {
		const { caller } = await world();
		for (const instance of ["", "\0", "x".repeat(2_000)]) {
			expect(await failureOf(caller.serve(probe, echoing, { instance }))).toMatchObject({ code: "invalid-argument" });
		}
		for (const concurrency of [0, -1, 1.5, Number.NaN]) {
			expect(await failureOf(caller.serve(probe, echoing, { concurrency }))).toMatchObject({
				code: "invalid-argument",
			});
		}
	});

	it("can be drained alone: new calls are refused, old ones finish, and the name is free again", async () => {
		const { bus, caller } = await world();
		const node = await join(bus, "two.example.org");
		const { open, opened } = gate();
		const served = await node.serve(probe, { ...echoing, echo: () => opened.then(() => ({ text: "old" })) });
		const client = caller.client(probe, { domain: "two.example.org" });
		await client.$waitFor();
		const old = client.echo({ word: "x" });
		await turn(2);
		const drained = Promise.all([served.drain(), served[Symbol.asyncDispose]()]);
		expect(await failureOf(client.learn({ word: "x" }))).toMatchObject({ code: "unavailable", executed: "no" });
		expect(await failureOf(node.serve(probe, echoing))).toMatchObject({ code: "conflict" });
		open();
		await drained;
		await expect(old).resolves.toEqual({ text: "old" });
		expect(await failureOf(client.learn({ word: "x" }))).toMatchObject({ code: "not-found", executed: "no" });
		await node.serve(probe, echoing);
		await served.drain();
		await expect(client.echo({ word: "new" })).resolves.toEqual({ text: "new" });
	});
});

describe("a node", () => {
	it("drains: refuses the new, finishes the old, closes", async () => {
		const { open, opened } = gate();
		const { provider, caller } = await world({ echo: () => opened.then(() => ({ text: "old" })) });
		const client = caller.client(probe, at);
		const old = client.echo({ word: "x" });
		await turn(2);
		const drained = Promise.all([provider.drain(), provider.drain()]);
		expect(await failureOf(client.echo({ word: "x" }))).toMatchObject({ code: "unavailable", executed: "no" });
		expect(await failureOf(provider.serve(service("b", "1.0.0", { f: get({}) }), { f: () => {} }))).toMatchObject({
			code: "unavailable",
		});
		open();
		await drained;
		await expect(old).resolves.toEqual({ text: "old" });
		await expect(provider.closed).resolves.toBeUndefined();
		await provider.drain();
		expect(await failureOf(client.echo({ word: "x" }))).toMatchObject({ code: "unavailable", executed: "no" });
	});

	it("drains its own calls too, and those that they lead to", async () => {
		const gates = [gate(), gate()];
		let calls = 0;
		const { caller } = await world({
			echo: ({ word }) => gates[calls++]?.opened.then(() => ({ text: word })) as never,
		});
		const client = caller.client(probe, at);
		const first = client.echo({ word: "first" });
		await turn(2);
		const drained = caller.drain();
		const second = client.echo({ word: "second" });
		gates[0]?.open();
		await expect(first).resolves.toEqual({ text: "first" });
		await turn(2);
		expect(caller.stats().callsOut).toBe(1);
		gates[1]?.open();
		await expect(second).resolves.toEqual({ text: "second" });
		await drained;
		expect(await failureOf(client.echo({ word: "x" }))).toMatchObject({ code: "link-lost", executed: "no" });
	});

	it("waits for its own calls for a bounded time", async () => {
		const { bus, caller } = await world({}, { caller: { limits: { drainTimeoutMs: 20 } } });
		await rawLink(bus, "mute@example.org/x");
		const call = failureOf(caller.client(probe, { to: "mute@example.org/x" }).echo({ word: "x" }));
		await caller.drain();
		expect(await call).toMatchObject({ code: "link-lost", executed: "unknown" });
	});

	it("drains for a bounded time when a handler does not end", async () => {
		const { provider, caller } = await world(
			{ echo: () => new Promise(() => {}) },
			{ provider: { limits: { drainTimeoutMs: 20 } } },
		);
		const call = failureOf(caller.client(probe, at).echo({ word: "x" }));
		await turn(2);
		await provider.drain();
		expect(await call).toMatchObject({ code: "unavailable", executed: "unknown" });
	});

	it("closes at once: aborts what runs, settles what waits, and is done in the middle of a drain", async () => {
		let reason: unknown;
		const { bus, provider, caller } = await world({
			echo: (_, ctx) =>
				new Promise(() => {
					ctx.signal.addEventListener("abort", () => {
						reason = ctx.signal.reason;
					});
				}),
		});
		const call = failureOf(caller.client(probe, at).echo({ word: "x" }));
		await rawLink(bus, "mute@example.org/x");
		const own = failureOf(provider.client(probe, { to: "mute@example.org/x" }).echo({ word: "x" }));
		await turn(2);
		const draining = provider.drain();
		await Promise.all([provider.close(), provider.close(), draining]);
		expect(reason).toMatchObject({ code: "unavailable" });
		expect(await call).toMatchObject({ code: "unavailable", executed: "unknown" });
		expect(await own).toMatchObject({ code: "link-lost", executed: "unknown" });
		await expect(provider.closed).resolves.toBeUndefined();
		expect(await failureOf(provider.serve(probe, echoing))).toMatchObject({ code: "unavailable" });
		expect(provider.jid).toBe("");
	});

	it("is closed even when its link neither closes in order nor tells", async () => {
		const link = new FakeLink();
		const log = keepingLog();
		const node = await fakeNode(link, { log });
		vi.spyOn(link, "close").mockRejectedValue(new Error("stuck"));
		const destroy = vi.spyOn(link, "destroy").mockReturnValue();
		await node.close();
		expect(destroy).toHaveBeenCalledOnce();
		await expect(node.closed).resolves.toBeUndefined();
		expect(log.lines).toEqual(["warn the link did not close in order: stuck"]);
	});

	it("has no module any more once it is closed", async () => {
		const link = new FakeLink();
		const node = await fakeNode(link);
		const asked = iq("get", { from: "raw@example.org/x", to: node.jid, id: "1" }, xml("ping", NS.ping));
		link.receive(asked);
		await node.close();
		link.receive(asked);
		expect(link.sent.map((answer) => answer.attr("type"))).toEqual(["result", "error"]);
	});

	it("closes its link once, however often it is closed and drained", async () => {
		const link = new FakeLink();
		const close = vi.spyOn(link, "close");
		const node = await fakeNode(link);
		await Promise.all([node.close(), node.drain(), node.close(), node[Symbol.asyncDispose]()]);
		await node.close();
		expect(close).toHaveBeenCalledOnce();
	});

	it("drains when it is disposed of", async () => {
		const bus = memoryBus();
		let closed: Promise<unknown>;
		{
			await using node = await createNode({ link: bus.link("a@example.org/x") });
			closed = node.closed;
		}
		await expect(closed).resolves.toBeUndefined();
	});

	it("tells why it was closed, when something forced it", async () => {
		const link = new FakeLink();
		const log = keepingLog();
		const node = await fakeNode(link, { log });
		const call = failureOf(node.client(probe, at).echo({ word: "x" }));
		await turn();
		const cause = new BusError("conflict", "somebody else logged in");
		link.become({ state: "closed", cause });
		await expect(node.closed).resolves.toBe(cause);
		expect(await call).toMatchObject({ code: "link-lost", executed: "unknown" });
		expect(log.lines).toEqual(["error the node is closed: somebody else logged in"]);
		await node.close();
		await node.drain();
	});

	it("tells its states to every reader, and ends", async () => {
		const link = new FakeLink();
		const node = await fakeNode(link);
		const read = async (statuses: AsyncIterable<NodeStatus>) => {
			const seen: NodeStatus[] = [];
			for await (const status of statuses) seen.push(status);
			return seen;
		};
		const statuses = node.status();
		const [one, two] = [read(statuses), read(statuses)];
		await turn();
		const cause = new BusError("unavailable", "reset");
		link.become({ state: "waiting", attempt: 1, retryInMs: 100, cause });
		await turn();
		link.become({ state: "connecting", attempt: 2 });
		await turn();
		link.become({ state: "online", jid: Jid.parse("fake@example.org/y") });
		await turn();
		await node.drain();
		const expected: NodeStatus[] = [
			{ state: "online", jid: "fake@example.org/x" },
			{ state: "connecting", attempt: 1, retryInMs: 100, cause },
			{ state: "connecting", attempt: 2 },
			{ state: "online", jid: "fake@example.org/y" },
			{ state: "draining" },
			{ state: "closed" },
		];
		expect(await one).toEqual(expected);
		expect(await two).toEqual(expected);
		expect(await read(node.status())).toEqual([{ state: "closed" }]);
	});

	it("keeps its address while the link is down, until it is closed", async () => {
		const link = new FakeLink();
		const node = await fakeNode(link);
		link.become({ state: "waiting", attempt: 1, retryInMs: 100, cause: new BusError("unavailable", "reset") });
		expect(node.jid).toBe("fake@example.org/x");
		link.become({ state: "connecting", attempt: 2 });
		expect(node.jid).toBe("fake@example.org/x");
		link.become({ state: "online", jid: Jid.parse("fake@example.org/y") });
		expect(node.jid).toBe("fake@example.org/y");
		await node.close();
		expect(node.jid).toBe("");
	});

	it("counts what it does, and what it drops and refuses", async () => {
		const { open, opened } = gate();
		const { bus, provider, caller } = await world({ echo: () => opened.then(() => ({ text: "" })) });
		const client = caller.client(probe, at);
		const call = client.echo({ word: "x" });
		await turn(2);
		expect(provider.stats()).toEqual({
			callsIn: 1,
			callsOut: 0,
			droppedAnswers: 0,
			refused: 0,
			denied: 0,
			unanswered: 0,
			skipped: 0,
		});
		expect(caller.stats()).toEqual({
			callsIn: 0,
			callsOut: 1,
			droppedAnswers: 0,
			refused: 0,
			denied: 0,
			unanswered: 0,
			skipped: 0,
		});
		const raw = await rawLink(bus, "raw@example.org/x");
		raw.link.send(iq("result", { to: caller.jid, id: "forged" }));
		const newer = service("probe", "1.3.0", probe.functions);
		await failureOf(caller.client(newer, { to: DOMAIN }).learn({ word: "x" }));
		open();
		await call;
		expect(provider.stats()).toEqual({
			callsIn: 0,
			callsOut: 0,
			droppedAnswers: 0,
			refused: 1,
			denied: 0,
			unanswered: 0,
			skipped: 0,
		});
		expect(caller.stats()).toEqual({
			callsIn: 0,
			callsOut: 0,
			droppedAnswers: 1,
			refused: 0,
			denied: 0,
			unanswered: 0,
			skipped: 0,
		});
	});

	it("lets a reader of its states stop early", async () => {
		const node = await fakeNode(new FakeLink());
		for await (const status of node.status()) {
			expect(status.state).toBe("online");
			break;
		}
	});
});

describe("the places of one caller", () => {
	it("are counted by account, however many resources it has", async () => {
		const bus = memoryBus();
		const slow = service("slow", "1.0.0", { wait: get({}) });
		const provider = await join(bus, DOMAIN, { limits: { maxCallsInPerPeer: 1 } });
		let release = () => {};
		const started = new Promise<void>((running) => {
			const wait = () => {
				running();
				return new Promise<undefined>((resolve) => {
					release = () => resolve(undefined);
				});
			};
			void provider.serve(slow, { wait });
		});
		const [first, second] = [await join(bus, "a@example.org/1"), await join(bus, "a@example.org/2")];
		const running = first.client(slow, at).wait();
		await started;
		expect(await failureOf(second.client(slow, at).wait())).toMatchObject({ code: "overloaded", executed: "no" });
		release();
		await running;
	});
});
