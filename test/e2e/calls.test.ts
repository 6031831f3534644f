import {
	type Client,
	describe as describeService,
	discoInfo,
	discoItems,
	fetchContract,
	get,
	isFault,
	type Node,
	ping,
	service,
	untyped,
} from "antiphon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeWith } from "#kit/vitest";
import { failure, makeProbe, type ProbeControl, probe } from "./probe-service.js";
import { GROUNDS, type Ground, type World, type WorldKind } from "./worlds.js";

const START_LIMIT_MS = 60_000;

for (const { name, needs, open, worlds } of GROUNDS) {
	describeWith(needs, `on ${name}`, () => {
		let ground: Ground;
		beforeAll(async () => {
			ground = await open();
			return () => ground[Symbol.asyncDispose]();
		}, START_LIMIT_MS);
		for (const world of worlds) testCalls(world, () => ground);
	});
}

function testCalls(kind: WorldKind, ground: () => Ground): void {
	describe(`a call over ${kind.name}`, () => {
		let world: World;
		let provider: Node;
		let caller: Node;
		let control: ProbeControl;
		let client: Client<typeof probe.functions>;

		beforeAll(async () => {
			world = await kind.start(ground());
			control = makeProbe();
			provider = await world.provider();
			await provider.serve(probe, control.handlers, world.serving);
			caller = await world.caller();
			client = caller.client(probe, world.target(provider));
		}, START_LIMIT_MS);

		afterAll(async () => {
			await caller?.close();
			await provider?.close();
			await world?.[Symbol.asyncDispose]();
		}, START_LIMIT_MS);

		it("gets its reply", async () => {
			expect(await client.add({ by: 2 })).toEqual({ total: control.total() });
			expect(await client.add({})).toEqual({ total: control.total() });
		});

		it("carries every kind of value, in both encodings", async () => {
			const value = {
				text: "é 😀 <&>'\"]]> \u0000\u0001\u000b\ufffe\uffff \r\n\t ​",
				numbers: [0, -1, 1.5, 2 ** 53 - 1, -(2 ** 53 - 1), 1e300, 5e-324],
				nested: { "": [[], {}, null, true, false] },
			};
			const readable = caller.client(probe, { ...world.target(provider), encoding: "json" });
			expect(await client.echo({ value })).toEqual({ value });
			expect(await readable.echo({ value })).toEqual({ value });
			expect((await client.echo({ value: new Uint8Array([0, 255, 7]) })).value).toEqual(new Uint8Array([0, 255, 7]));
		});

		it("fails with the fault that the contract declares, with its data", async () => {
			const error = await failure(client.refuse({ reason: "no & never" }));
			expect(error).toMatchObject({ code: "fault", executed: "yes" });
			expect(isFault(error, probe.functions.refuse, "refused") && error.data.reason).toBe("no & never");
		});

		it("is refused with bad input, by the caller's check and by the provider's", async () => {
			const unchecked = caller.client(untyped(describeService(probe)), world.target(provider));
			const before = control.total();
			const own = await failure(client.add({ by: "x" as unknown as number }));
			const theirs = await failure((unchecked["add"] as (input: unknown) => Promise<unknown>)({ by: "x" }));
			expect(own).toMatchObject({ code: "invalid-argument", executed: "no" });
			expect(theirs).toMatchObject({ code: "invalid-argument", executed: "no" });
			expect(theirs.message).toMatch(/by: .*number/);
			expect(control.total()).toBe(before);
		});

		it("tells nobody there, no such service, and no such function apart", async () => {
			const target = world.target(provider);
			const other = caller.client(service("other", "1.0.0", { f: get({}) }), target);
			const newer = caller.client(service("probe", "1.2.0", { f: get({}) }), target);
			expect(await failure(other.f())).toMatchObject({ code: "not-found", executed: "no" });
			expect(await failure(newer.f())).toMatchObject({ code: "unimplemented", executed: "no" });
		});

		it("is refused when its version is newer than the provider's, and both are named", async () => {
			const newer = caller.client(service("probe", "1.3.0", probe.functions), world.target(provider));
			const error = await failure(newer.whoami());
			expect(error).toMatchObject({ code: "unimplemented", executed: "no" });
			expect(error.message).toMatch(/1\.3\.0.*1\.2\.0/);
			const older = caller.client(service("probe", "1.0.7", probe.functions), world.target(provider));
			expect(await older.whoami()).toBe(caller.jid);
		});

		it("ends at its deadline, and the provider's signal with it", async () => {
			const [started, aborted] = [control.hanging(), control.aborted()];
			const error = await failure(client.hang(undefined, { timeoutMs: 300 }));
			expect(error).toMatchObject({ code: "deadline-exceeded", executed: "unknown" });
			expect(control.hanging()).toBe(started + 1);
			await expect.poll(() => control.aborted()).toBe(aborted + 1);
		});

		it("ends when its signal aborts", async () => {
			const [started, aborted] = [control.hanging(), control.aborted()];
			const abort = new AbortController();
			const pending = failure(client.hang(undefined, { signal: abort.signal }));
			await expect.poll(() => control.hanging()).toBe(started + 1);
			abort.abort();
			expect(await pending).toMatchObject({ code: "cancelled", executed: "unknown" });
			await expect.poll(() => control.aborted()).toBe(aborted + 1);
		});

		it("lets no detail of an internal error out", async () => {
			const error = await failure(client.crash());
			expect(error).toMatchObject({ code: "internal" });
			expect(error.message).not.toMatch(/secret/);
			expect(await failure(client.lie())).toMatchObject({ code: "internal" });
		});

		it("matches 200 calls at once with their replies", async () => {
			const values = Array.from({ length: 200 }, (_, i) => i);
			const replies = await Promise.all(values.map((value) => client.echo({ value })));
			expect(replies.map((reply) => reply.value)).toEqual(values);
		});

		it("carries 40 KB, and refuses what no server would take before it is sent", async () => {
			const value = "x".repeat(40_000);
			expect(await client.echo({ value })).toEqual({ value });
			const error = await failure(client.echo({ value: "x".repeat(3_000_000) }));
			expect(error).toMatchObject({ code: "too-large", executed: "no" });
			expect(await client.whoami()).toBe(caller.jid);
		});

		it("tells the handler who calls, as the server vouches for it", async () => {
			expect(await client.whoami()).toBe(caller.jid);
		});

		it("is browsed like any XMPP entity, up to its contract", async () => {
			const target = world.target(provider);
			const at = target.to === undefined ? target.domain : target.to;
			expect(await ping(caller, at)).toBeGreaterThan(0);
			const node = await discoInfo(caller, at);
			expect(node.features).toContain("urn:antiphon:rpc:1");
			const items = await discoItems(caller, at);
			expect(items).toHaveLength(1);
			const [item] = items;
			const contract = await fetchContract(
				caller,
				item?.jid ?? "",
				item?.node === undefined ? {} : { service: item.node },
			);
			expect(contract).toEqual(JSON.parse(JSON.stringify(describeService(probe))));
		});
	});

	describe(`a provider over ${kind.name}`, () => {
		let world: World;
		beforeAll(async () => {
			world = await kind.start(ground());
		}, START_LIMIT_MS);
		afterAll(() => world?.[Symbol.asyncDispose](), START_LIMIT_MS);

		it("that is not there is told from one that answers", async () => {
			await using caller = await world.caller();
			const error = await failure(caller.client(probe, world.nobody).whoami());
			expect(error).toMatchObject({ code: world.nobodyIs, executed: "no" });
		});

		it("finishes what runs when it drains, and refuses the new", async () => {
			const control = makeProbe();
			const provider = await world.provider();
			await provider.serve(probe, control.handlers, world.serving);
			await using caller = await world.caller();
			const client = caller.client(probe, world.target(provider));
			const running = client.hang();
			await expect.poll(() => control.hanging()).toBe(1);
			const drained = provider.drain();
			expect(await failure(client.whoami())).toMatchObject({ code: "unavailable", executed: "no" });
			control.release();
			expect(await running).toBe("released");
			await drained;
			expect(await provider.closed).toBeUndefined();
		});

		it("refuses at once what is above its concurrency", async () => {
			const control = makeProbe();
			await using provider = await world.provider();
			await provider.serve(probe, control.handlers, { ...world.serving, concurrency: 2 });
			await using caller = await world.caller();
			const client = caller.client(probe, world.target(provider));
			const running = [client.hang(), client.hang()];
			await expect.poll(() => control.hanging()).toBe(2);
			const error = await failure(client.whoami());
			expect(error).toMatchObject({ code: "overloaded", executed: "no", retryAfterMs: expect.any(Number) });
			control.release();
			await Promise.all(running);
			expect(await client.whoami()).toBe(caller.jid);
		});
	});
}
