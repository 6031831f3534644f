import { memoryBus } from "@antiphon/link";
import { BusError, encodeCall, encodeReply, errorOf, type iq, NS, resultOf } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { get, isFault, type Schema, service } from "../index.js";
import { DOMAIN, FakeLink, failureOf, fakeNode, join, probe, rawLink, turn, world } from "../testing/bus.js";

const at = { domain: DOMAIN };

describe("a call", () => {
	it.each(["msgpack", "json"] as const)("comes back with the output of the handler, in %s", async (encoding) => {
		const { caller } = await world();
		const client = caller.client(probe, { ...at, encoding });
		await expect(client.echo({ word: `<"'&>\u{1F600} ${"x".repeat(1_000)}` })).resolves.toEqual({
			text: `<"'&>\u{1F600} ${"x".repeat(1_000)}`,
		});
		await expect(client.learn({ word: "x" })).resolves.toBeUndefined();
	});

	it("applies defaults and transforms once, where a value arrives, and keeps undeclared fields at home", async () => {
		const seen: unknown[] = [];
		const sides = service("sides", "1.0.0", {
			f: get({
				input: z.object({ n: z.string().transform(Number), at: z.string().default("now") }),
				output: z.object({ n: z.string().transform(Number), at: z.string().default("later") }),
				faults: { no: z.object({ n: z.string().transform(Number) }) },
			}),
		});
		const { bus, provider, caller } = await world();
		await provider.serve(sides, {
			f: (input, ctx) => {
				seen.push(input);
				if (input.n === 0) ctx.fail("no", { n: "8", secret: 1 } as { n: string });
				return { n: "9", secret: 1 } as { n: string };
			},
		});
		const client = caller.client(sides, at);
		const row = { n: "7", secret: 1 };
		await expect(client.f(row)).resolves.toEqual({ n: 9, at: "later" });
		expect(seen).toEqual([{ n: 7, at: "now" }]);
		const error: unknown = await failureOf(client.f({ n: "0" }));
		expect(isFault(error, sides.functions.f, "no") && error.data).toEqual({ n: 8 });
		const raw = await rawLink(bus, "raw@example.org/x");
		const call = encodeCall({ fn: "sides.f", version: "1.0.0", ttlMs: 5_000, encoding: "json", input: { n: "7" } });
		const answer = await raw.ask("get", `sides.f@${DOMAIN}`, call);
		expect(answer.child("reply", NS.rpc)?.text()).toBe('{"n":"9"}');
	});

	it("fails with the declared fault, whose data is typed", async () => {
		const { caller } = await world({ echo: (_, ctx) => ctx.fail("unknown", { near: ["a"] }, "no such word") });
		const error: unknown = await failureOf(caller.client(probe, at).echo({ word: "x" }));
		expect(error).toBeInstanceOf(BusError);
		expect(isFault(error, probe.functions.echo, "unknown") && error.data.near).toEqual(["a"]);
		expect(error).toMatchObject({ code: "fault", name: "unknown", executed: "yes", message: "no such word" });
	});

	it("with bad input is not sent", async () => {
		const { caller } = await world();
		const client = caller.client(probe, { to: "nobody@example.org/x" });
		for (const input of [{ word: "" }, { word: 1 }, {}, undefined, null, "x"]) {
			expect(await failureOf(client.echo(input as never))).toMatchObject({
				code: "invalid-argument",
				executed: "no",
				message: expect.stringMatching(/^probe\.echo: input: /),
			});
		}
	});

	it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e12, "5" as never])(
		"with a timeoutMs of %s is refused",
		async (timeoutMs) => {
			const { caller } = await world();
			const refused = { code: "invalid-argument", executed: "no" };
			expect(await failureOf(caller.client(probe, at).echo({ word: "x" }, { timeoutMs }))).toMatchObject(refused);
			const query = { type: "get", to: DOMAIN, payload: xml("ping", NS.ping), timeoutMs } as const;
			expect(await failureOf(caller.query(query))).toMatchObject(refused);
		},
	);

	it("tells apart: nobody there, nobody serves it, no such function, other kind", async () => {
		const { caller } = await world();
		const newer = service("probe", "1.0.0", { later: get({}) });
		const swapped = service("probe", "1.0.0", { learn: get({ input: z.object({ word: z.string() }) }) });
		const unknown = service("unknown", "1.0.0", { f: get({}) });
		const codeOf = async (promise: Promise<unknown>) => (await failureOf(promise))["code"];
		expect(await codeOf(caller.client(probe, { to: "nobody@example.org/x" }).echo({ word: "x" }))).toBe("unavailable");
		expect(await codeOf(caller.client(unknown, at).f())).toBe("not-found");
		expect(await codeOf(caller.client(unknown, { to: DOMAIN }).f())).toBe("not-found");
		expect(await codeOf(caller.client(newer, { to: DOMAIN }).later())).toBe("unimplemented");
		expect(await codeOf(caller.client(swapped, at).learn({ word: "x" }))).toBe("invalid-argument");
	});

	it("names whom it asked when nobody is there", async () => {
		const { caller } = await world();
		const messageOf = async (to: string) =>
			(await failureOf(caller.client(probe, { to }).echo({ word: "x" })))["message"];
		const nobody = (to: string) => `nobody answers at ${to} (<service-unavailable/>)`;
		expect(await messageOf("nobody@example.org/x")).toBe(nobody("nobody@example.org/x"));
		expect(await messageOf("nobody@example.org")).toBe(
			`${nobody("nobody@example.org")}; a node of an account is reached at its full JID, nobody@example.org/resource`,
		);
		expect(await messageOf("probe.echo@two.example.org")).toBe(nobody("probe.echo@two.example.org"));
	});

	it.each([undefined, null, {}, { domain: 1 }, { domain: DOMAIN, to: `a@${DOMAIN}/x` }])(
		"is not made with the client options %j",
		async (options) => {
			const { caller } = await world();
			expect(() => caller.client(probe, options as never)).toThrow(
				expect.objectContaining({
					code: "invalid-argument",
					message: expect.stringMatching(/\{ domain \} or \{ to \}/),
				}),
			);
		},
	);

	it("with a signal that is none is refused, and one of AbortSignal.timeout() is a deadline", async () => {
		const { caller } = await world({ echo: () => new Promise(() => {}) });
		const client = caller.client(probe, at);
		expect(await failureOf(client.echo({ word: "x" }, { signal: "soon" as never }))).toMatchObject({
			code: "invalid-argument",
			executed: "no",
		});
		expect(await failureOf(client.echo({ word: "x" }, { signal: AbortSignal.timeout(20) }))).toMatchObject({
			code: "deadline-exceeded",
			executed: "unknown",
		});
	});

	it("of another version is served if the provider is as new", async () => {
		const { caller } = await world();
		for (const [version, code] of [
			["1.2.0", undefined],
			["1.0.0", undefined],
			["1.2.1", "unimplemented"],
			["1.3.0", "unimplemented"],
			["2.0.0", "unimplemented"],
			["0.9.0", "unimplemented"],
		] as const) {
			const client = caller.client(service("probe", version, probe.functions), at);
			const outcome = client.echo({ word: "x" });
			if (code === undefined) await expect(outcome).resolves.toEqual({ text: "x" });
			else expect(await failureOf(outcome)).toMatchObject({ code, executed: "no" });
		}
	});

	it("goes to the instance that was named, and only there", async () => {
		const { caller } = await world();
		await expect(caller.client(probe, { ...at, instance: "one" }).echo({ word: "x" })).resolves.toBeDefined();
		const other = caller.client(probe, { ...at, instance: "two" });
		expect(await failureOf(other.echo({ word: "x" }))).toMatchObject({
			code: "unavailable",
			executed: "no",
			message: expect.stringContaining("two"),
		});
	});

	it("can go to a node at its own address", async () => {
		const bus = memoryBus();
		const worker = await join(bus, "worker@example.org/x");
		await worker.serve(probe, { echo: () => ({ text: "mine" }), learn: () => {} });
		const caller = await join(bus, "caller@example.org/x");
		await expect(caller.client(probe, { to: worker.jid }).echo({ word: "x" })).resolves.toEqual({ text: "mine" });
	});

	it("asks a node at its own address once, whatever the answer", async () => {
		const bus = memoryBus();
		const worker = await join(bus, "worker@example.org/x");
		const caller = await join(bus, "caller@example.org/x");
		const client = caller.client(probe, { to: worker.jid });
		expect(await failureOf(client.echo({ word: "x" }))).toMatchObject({ code: "not-found", executed: "no" });
		expect(worker.stats().refused).toBe(1);
	});

	it("refuses malformed client options at once", async () => {
		const { caller } = await world();
		const labels = [
			{ Region: "eu" },
			{ region: "" },
			{ region: 1 },
			Object.fromEntries([..."abcdefghijklmnopq"].map((l) => [l, l])),
		];
		const odd = [{ domain: "@" }, { to: "a@" }, { ...at, encoding: "xml" }, { ...at, instance: "" }, {}];
		for (const options of [...odd, ...labels.map((each) => ({ ...at, labels: each }))]) {
			expect(() => caller.client(probe, options as never)).toThrow(
				expect.objectContaining({ code: "invalid-argument", executed: "no" }),
			);
		}
	});

	it("ends at its deadline on both sides", async () => {
		let signal: AbortSignal | undefined;
		const { caller } = await world({
			echo: (_, ctx) => {
				signal = ctx.signal;
				expect(ctx.remainingMs()).toBeGreaterThan(0);
				return new Promise(() => {});
			},
		});
		const client = caller.client(probe, at);
		// The first call of a process may take longer than the deadline of the one that counts.
		await client.learn({ word: "x" });
		const error = await failureOf(client.echo({ word: "x" }, { timeoutMs: 200 }));
		expect(error).toMatchObject({ code: "deadline-exceeded", executed: "unknown" });
		await expect.poll(() => signal?.aborted).toBe(true);
		expect(signal?.reason).toMatchObject({ code: "deadline-exceeded" });
	});

	it("passes trace context on", async () => {
		const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
		const { caller } = await world({
			echo: (_, { traceparent, tracestate }) => ({ text: `${traceparent} ${tracestate}` }),
		});
		const client = caller.client(probe, at);
		await expect(client.echo({ word: "x" }, { traceparent, tracestate: "a=1" })).resolves.toEqual({
			text: `${traceparent} a=1`,
		});
		await expect(client.echo({ word: "x" })).resolves.toEqual({ text: "undefined undefined" });
	});

	describe("against a peer that misbehaves", () => {
		/** Answers each call with what `answer` makes. */
		async function peer(answer: (request: Parameters<typeof resultOf>[0]) => ReturnType<typeof iq>) {
			const { bus, caller } = await world();
			const bad = bus.link("bad@example.org/x");
			await bad.open(
				{ onState() {}, onStanza: (stanza) => stanza.attr("type") === "get" && bad.send(answer(stanza)) },
				{ timeoutMs: 1_000 },
			);
			return caller.client(probe, { to: "bad@example.org/x" }).echo({ word: "x" }, { timeoutMs: 5_000 });
		}
		const reply = encodeReply("json", { text: "x" });

		it.each([
			["an empty result", (request) => resultOf(request)],
			["something else than a reply", (request) => resultOf(request, xml("ping", NS.ping))],
			["two replies in one", (request) => resultOf(request).withChildren(reply, reply)],
			["output of another shape", (request) => resultOf(request, encodeReply("json", { texts: [] }))],
			["text that is not JSON", (request) => resultOf(request, xml("reply", NS.rpc, { enc: "json" }, "{"))],
			["an error without child", (request) => resultOf(request).with({ type: "error" })],
			[
				"a fault whose data has another shape",
				(request) =>
					errorOf(request, {
						condition: "undefined-condition",
						type: "cancel",
						application: xml("fault", NS.rpc, { code: "fault", name: "unknown", enc: "json" }, "7"),
					}),
			],
		] satisfies [string, Parameters<typeof peer>[0]][])("%s is a protocol error", async (_, answer) => {
			expect(await failureOf(peer(answer))).toMatchObject({ code: "protocol", executed: "unknown" });
		});

		it("a fault that our contract does not know stays as it came", async () => {
			const error = await failureOf(
				peer((request) =>
					errorOf(request, {
						condition: "undefined-condition",
						type: "cancel",
						application: xml("fault", NS.rpc, { code: "fault", name: "newer", executed: "yes", enc: "json" }, "7"),
					}),
				),
			);
			expect(error).toMatchObject({ code: "fault", name: "newer", data: 7, executed: "yes" });
			expect(isFault(error, probe.functions.echo, "unknown")).toBe(false);
		});
	});

	it("settles with link-lost when the link is lost in flight, and when it is not online", async () => {
		const link = new FakeLink();
		const node = await fakeNode(link);
		const client = node.client(probe, at);
		const inFlight = failureOf(client.echo({ word: "x" }));
		await turn();
		expect(link.sent.length).toBe(1);
		const cause = new BusError("unavailable", "connection reset");
		link.become({ state: "waiting", attempt: 1, retryInMs: 100, cause });
		expect(await inFlight).toMatchObject({ code: "link-lost", executed: "unknown", cause });
		await node.close();
		const { caller } = await world();
		await caller.close();
		expect(await failureOf(caller.client(probe, at).echo({ word: "x" }))).toMatchObject({
			code: "link-lost",
			executed: "no",
		});
	});

	describe("with a schema that", () => {
		const schemaThat = (validate: Schema["~standard"]["validate"]): Schema => ({
			"~standard": { version: 1, vendor: "test", validate, jsonSchema: { input: () => ({}), output: () => ({}) } },
		});
		const never = schemaThat(() => new Promise(() => {}));
		const throwing = schemaThat(() => {
			throw new Error("mine");
		});
		const anything = schemaThat((value) => ({ value }));

		it("never answers still settles by its deadline, and by its signal", async () => {
			const { caller } = await world();
			const client = caller.client(service("probe", "1.0.0", { echo: get({ input: never }) }), at);
			const late = await failureOf(client.echo(1, { timeoutMs: 20 }));
			expect(late).toMatchObject({ code: "deadline-exceeded", executed: "no" });
			const abort = new AbortController();
			const cancelled = failureOf(client.echo(1, { signal: abort.signal }));
			abort.abort();
			expect(await cancelled).toMatchObject({ code: "cancelled", executed: "no" });
			expect(await failureOf(client.echo(1, { signal: abort.signal }))).toMatchObject({ code: "cancelled" });
			const waiting = service("probe", "1.0.0", { echo: get({ input: anything, output: never }) });
			const error = await failureOf(caller.client(waiting, at).echo({ word: "x" }, { timeoutMs: 500 }));
			expect(error).toMatchObject({ code: "deadline-exceeded", executed: "yes" });
		});

		it("throws ends the call with a BusError, on whichever side it is", async () => {
			const { caller, provider, log } = await world();
			const here = caller.client(service("probe", "1.0.0", { echo: get({ input: throwing }) }), at);
			expect(await failureOf(here.echo(1))).toMatchObject({ code: "internal", executed: "no" });
			const there = service("there", "1.0.0", {
				input: get({ input: throwing }),
				output: get({ output: throwing }),
			});
			await provider.serve(there, { input: () => {}, output: () => 1 });
			const loose = service("there", "1.0.0", { input: get({ input: anything }), output: get({ output: anything }) });
			const client = caller.client(loose, at);
			expect(await failureOf(client.input(1))).toMatchObject({ code: "internal", executed: "no" });
			expect(await failureOf(client.output())).toMatchObject({
				code: "internal",
				executed: "yes",
				message: "internal error",
			});
			expect(log.lines.filter((line) => line.startsWith("error there."))).toEqual([
				expect.stringMatching(/^error there\.input, called by caller@example\.org\/x, failed: .*mine/),
				expect.stringMatching(/^error there\.output, called by caller@example\.org\/x, failed: .*mine/),
			]);
		});
	});

	it("never fails with anything but a BusError, whatever it is given", async () => {
		const { caller } = await world();
		const any = service("probe", "1.0.0", { echo: get({ input: z.any() }) });
		const cyclic: unknown[] = [];
		cyclic.push(cyclic);
		const getter = {
			get word() {
				throw new Error("mine");
			},
		};
		const proxy = new Proxy(
			{},
			{
				ownKeys() {
					throw new Error("mine");
				},
			},
		);
		for (const input of [
			cyclic,
			getter,
			proxy,
			1n,
			Symbol("x"),
			() => {},
			new Map(),
			Number.NaN,
			"\ud800",
			new Date(),
		]) {
			for (const encoding of ["json", "msgpack"] as const) {
				const error = await failureOf(caller.client(any, { ...at, encoding }).echo(input));
				expect(error).toBeInstanceOf(BusError);
				expect(error).toMatchObject({ code: "invalid-argument", executed: "no" });
			}
		}
		const big = await failureOf(caller.client(any, at).echo("x".repeat(100_000)));
		expect(big).toMatchObject({ code: "too-large", executed: "no" });
	});
});
