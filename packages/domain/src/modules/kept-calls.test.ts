import { memoryBus } from "@antiphon/link";
import {
	type CallKey,
	type CallsRequest,
	decodeCalls,
	decodeOrdered,
	decodeQueues,
	decodeShownCall,
	encodeCallRequest,
	encodeCallsRequest,
	encodeFaultAlone,
	encodeOrder,
	encodeQueuesRequest,
	encodeSettle,
	type LeaseRef,
	type Log,
	NS,
	type Order,
} from "@antiphon/protocol";
import { BusError } from "antiphon";
import { describe, expect, it } from "vitest";
import type { DomainOptions } from "../index.js";
import { host, NAME } from "../testing/bus.js";
import { call, conditionOf, keeping, pull, settle, states, submit, submitted, taken } from "../testing/durable.js";
import { Party } from "../testing/party.js";

async function world(options: Partial<DomainOptions> = {}) {
	const lines: string[] = [];
	const write = (message: string) => void lines.push(message);
	const log: Log = { debug: write, info: write, warn: write, error: write };
	const access = {
		register: [{ allow: "*@example.org" }],
		call: [{ allow: "*@example.org" }],
		admin: [{ allow: "boss@example.org" }],
	};
	const made = await keeping({ log, access, ...options });
	return { ...made, lines, boss: await Party.join(made.bus, "boss@example.org/desk") };
}

const queues = async (by: Party, after?: string, service?: string) =>
	decodeQueues(await by.result("get", NAME, encodeQueuesRequest(after, service)));
const list = async (by: Party, request: CallsRequest = { list: "open" }, after?: string, max?: number) =>
	decodeCalls(await by.result("get", NAME, encodeCallsRequest(request, after, max)));
const show = async (by: Party, key: CallKey) => decodeShownCall(await by.result("get", NAME, encodeCallRequest(key)));
const order = async (by: Party, what: Order, ...numbers: number[]) =>
	decodeOrdered(what, await by.result("set", NAME, encodeOrder(what, numbers)));

/** A provider reports that a run has failed. */
async function fail(by: Party, { n, token }: LeaseRef) {
	const element = encodeFaultAlone(new BusError("unavailable", "it broke", { executed: "unknown" }), "json");
	const outcome = { element, code: "unavailable" as const, name: undefined, executed: "unknown" as const };
	await by.result("set", NAME, encodeSettle([{ n, token, outcome }]));
}

const conflict = (n: number, message: string) => ({ n, error: expect.objectContaining({ code: "conflict", message }) });

describe("an administrator of a domain that keeps calls", () => {
	it("sees how many there are of what, and who takes them", async () => {
		const { boss, caller, worker } = await world();
		await submit(caller, submitted("a"), submitted("b"), submitted("c", { call: call("words.learn", 1, "1.1.0") }));
		await worker.result("set", NAME, pull({ credit: 1 }));
		await taken(worker);
		const line = { fn: "words.learn", leased: 0, pulling: 1, credit: 1 };
		expect(await queues(boss)).toEqual({
			open: 3,
			leased: 1,
			settled: 0,
			dead: 0,
			isDurable: false,
			usedBytes: expect.any(Number),
			freeBytes: expect.any(Number),
			functions: [
				{ ...line, version: "1.0.0", open: 2, waiting: 1, leased: 1 },
				{ ...line, version: "1.1.0", open: 1, waiting: 1 },
			],
		});
		expect((await queues(boss, "words.learn 1.0.0")).functions).toHaveLength(1);
		expect((await queues(boss, undefined, "word")).functions).toEqual([]);
	});

	it("sees which calls, in pages, and what has become of one", async () => {
		const { boss, caller, worker } = await world();
		await submit(caller, submitted("a"), submitted("b", { orderKey: "k", expiresMs: 90_000 }));
		await worker.result("set", NAME, pull());
		const [, second] = await taken(worker, 1);
		await settle(worker, second as LeaseRef);
		const open = await list(boss);
		expect(open).toMatchObject({
			calls: [{ n: 1, id: "a", sender: "caller@example.org", state: "leased", instance: "one", attempts: 1 }],
			next: undefined,
		});
		expect(await list(boss, { list: "settled", fn: "words.learn", sender: "caller@example.org" })).toMatchObject({
			calls: [{ n: 2, id: "b", fn: "words.learn", version: "1.0.0", state: "settled", settledMs: expect.any(Number) }],
		});
		expect((await list(boss, { list: "open", sender: "other@example.org" })).calls).toEqual([]);
		const story = await show(boss, { n: 2 });
		expect(story).toMatchObject({
			orderKey: "k",
			delivery: "effectively-once",
			code: undefined,
			leases: [{ instance: "one", jid: "worker@example.org/a", how: "reply", tookMs: expect.any(Number) }],
		});
		expect(await show(boss, { sender: "caller@example.org", id: "b" })).toMatchObject({ n: 2, leases: story.leases });
		for (const key of [{ n: 3 }, { sender: "caller@example.org", id: "c" }]) {
			expect(conditionOf(await boss.ask("get", NAME, encodeCallRequest(key)))).toBe("item-not-found");
		}
	});

	it("sees all of many calls, a page at a time, each once", async () => {
		const { boss, caller } = await world();
		const ids = Array.from({ length: 300 }, (_, i) => `c${i}`);
		for (let i = 0; i < ids.length; i += 50) await submit(caller, ...ids.slice(i, i + 50).map((id) => submitted(id)));
		const seen: string[][] = [];
		for (let after: string | undefined, more = true; more; more = after !== undefined) {
			const page = await list(boss, { list: "open" }, after, seen.length === 0 ? 10 : undefined);
			seen.push(page.calls.map(({ id }) => id));
			after = page.next;
		}
		expect(seen.map(({ length }) => length)).toEqual([10, expect.any(Number), expect.any(Number)]);
		expect(new Set(seen.flat())).toEqual(new Set(ids));
		expect(seen.flat()).toHaveLength(ids.length);
		const wrong = [encodeCallsRequest({ list: "open" }, "nowhere"), encodeCallsRequest({ list: "open" }, undefined, 0)];
		for (const request of wrong) expect(conditionOf(await boss.ask("get", NAME, request))).toBe("bad-request");
	});

	it("cancels calls by their numbers; what has an outcome keeps it", async () => {
		const { boss, caller, worker, lines } = await world();
		await submit(caller, submitted("a"), submitted("b"));
		await worker.result("set", NAME, pull({ credit: 1 }));
		await settle(worker, (await taken(worker))[0] as LeaseRef);
		const answers = await order(boss, "cancel", 1, 2, 3);
		expect(answers.slice(0, 2)).toEqual([conflict(1, "call 1 has its outcome already: a reply"), { n: 2 }]);
		expect(answers[2]?.error?.code).toBe("not-found");
		expect(await order(boss, "cancel", 2)).toEqual([{ n: 2 }]);
		expect(await show(boss, { n: 2 })).toMatchObject({
			code: "cancelled",
			message: "an administrator has cancelled it",
		});
		expect(await states(caller, "b")).toMatchObject([{ state: "settled", outcome: { code: "cancelled" } }]);
		expect(lines).toContain("boss@example.org has cancelled durable calls: 2");
	});

	it("has a call tried again that waits for its back-off", async () => {
		const { boss, caller, worker } = await world();
		await submit(caller, submitted("a", { backoffMs: 600_000, maxBackoffMs: 600_000, expiresMs: 3_600_000 }));
		await worker.result("set", NAME, pull());
		const [first] = await taken(worker);
		await fail(worker, first as LeaseRef);
		expect(await list(boss, { list: "delayed" })).toMatchObject({ calls: [{ n: 1, dueMs: expect.any(Number) }] });
		expect(await order(boss, "retry", 1, 9)).toMatchObject([{ n: 1 }, { error: { code: "not-found" } }]);
		const [again] = await taken(worker, 2);
		expect(again).toMatchObject({ n: 1, token: 2 });
		expect(await order(boss, "retry", 1)).toEqual([conflict(1, "call 1 is leased to one")]);
	});

	it("redrives dead letters, as new calls, and purges them", async () => {
		const { boss, caller, worker, lines } = await world();
		await submit(caller, ...["a", "b"].map((id) => submitted(id, { attempts: 1 })));
		await worker.result("set", NAME, pull());
		for (const lease of await taken(worker)) await fail(worker, lease as LeaseRef);
		const dead = await list(boss, { list: "dead" });
		expect(dead.calls).toMatchObject([
			{ n: 1, isDead: true, code: "unavailable", attempts: 1 },
			{ n: 2, isDead: true },
		]);
		expect(await show(boss, { n: 1 })).toMatchObject({
			message: "it broke",
			leases: [{ how: "unavailable", message: "it broke" }],
		});
		await worker.result("set", NAME, pull({ number: 2, credit: 0 }));
		const again = { n: 3, id: "a-r1" };
		expect(await order(boss, "redrive", 1, 7)).toMatchObject([{ n: 1, again }, { error: { code: "not-found" } }]);
		expect(await show(boss, { n: 3 })).toMatchObject({
			...{ id: "a-r1", state: "waiting", sender: "caller@example.org" },
			redriveOf: { n: 1, origin: "a" },
		});
		expect(await show(boss, { n: 1 })).toMatchObject({
			isDead: false,
			redriven: { ...again, agoMs: expect.any(Number) },
		});
		expect(await list(boss, { list: "dead" })).toMatchObject({ calls: [{ n: 2 }] });
		const becomes = conflict(1, "call 1 has been redriven: it is call 3 now, id a-r1");
		expect(await order(boss, "redrive", 1)).toEqual([becomes]);
		expect(await order(boss, "purge", 1, 2)).toEqual([becomes, { n: 2 }]);
		expect(await list(boss, { list: "dead" })).toEqual({ calls: [], next: undefined });
		await worker.result("set", NAME, pull({ number: 3 }));
		expect(await taken(worker, 2)).toMatchObject([{ n: 3, id: "a-r1", origin: "a", attempt: 1 }]);
		expect(await order(boss, "redrive", 2)).toMatchObject([{ error: { code: "not-found" } }]);
		// Its outcome stays for as long as it was promised.
		expect(await states(caller, "b")).toMatchObject([{ state: "settled", outcome: { code: "unavailable" } }]);
		expect(lines).toContain("boss@example.org has redriven durable calls: 1");
		expect(lines).toContain("boss@example.org has purged durable calls: 2");
	});

	it("is nobody but those whom the policy names; others are refused, counted and logged", async () => {
		const { caller, hosted, lines } = await world();
		const asked = [encodeQueuesRequest(), encodeCallsRequest({ list: "open" }), encodeCallRequest({ n: 1 })];
		for (const request of asked) expect(conditionOf(await caller.ask("get", NAME, request))).toBe("forbidden");
		for (const what of ["cancel", "retry", "redrive", "purge"] as const) {
			expect(conditionOf(await caller.ask("set", NAME, encodeOrder(what, [1])))).toBe("forbidden");
		}
		expect(hosted.denied).toBe(7);
		expect(lines.join()).toContain("refused: caller@example.org may not see durable calls");
	});
});

it("A domain without a store says that it keeps no calls", async () => {
	const bus = memoryBus();
	await host(bus);
	const boss = await Party.join(bus, "boss@example.org/desk");
	const answer = await boss.ask("get", NAME, encodeQueuesRequest());
	expect([conditionOf(answer), answer.child("error", NS.client)?.attr("type")]).toEqual([
		"service-unavailable",
		"cancel",
	]);
});
