import { createDomain } from "@antiphon/domain";
import { decodeOrder, encodeOrdered } from "@antiphon/protocol";
import { BusError, createNode, type Element, memoryBus, memoryStore, type Node, service, set } from "antiphon";
import { expect, it, onTestFinished, vi } from "vitest";
import { queueLines } from "../commands/queues.js";
import { parseCallKey } from "../connect/call-key.js";
import { callJson, callTable } from "../print/calls.js";
import { contentJson, contentLines } from "../print/content.js";
import { printMany, printOrdered } from "../print/orders.js";
import { cancelCalls, numbersIn } from "./cancel-calls.js";
import { contentOf, giveOrder, listCalls, numbersOf, queueOf, showCall } from "./durable-calls.js";

const DOMAIN = "fn.example.org";
const deadline = { remainingMs: () => 30_000 };
const CALLER = "caller@example.org";

const words = service("words", "1.0.0", {
	learn: set({ delivery: "effectively-once", retry: { attempts: 1 } }),
});

/** A domain with an administrator, a provider that has gone, and a caller. */
async function world() {
	const bus = memoryBus();
	const everybody = [{ allow: "*@example.org" }];
	const access = { register: everybody, call: everybody, admin: [{ allow: "boss@example.org" }] };
	const limits = { settleMs: 1 };
	const domain = await createDomain({ link: bus.link(DOMAIN), access, store: memoryStore(), limits });
	onTestFinished(() => domain.close());
	const join = async (jid: string) => {
		const node = await createNode({ link: bus.link(jid) });
		onTestFinished(() => node.close());
		return node;
	};
	const serve = async (node: Node, learn: () => void) =>
		node.serve(words, { learn }, { domain: DOMAIN, instance: "one" });
	const served = await serve(await join("worker@example.org/a"), () => {});
	await served.drain();
	return { join, serve, caller: await join(`${CALLER}/desk`), boss: await join("boss@example.org/x") };
}

/** As soon as it is on disk which functions there are. @returns what sends the calls names them by */
async function submit(caller: Node, count: number): Promise<string[]> {
	const { learn } = caller.client(words, { domain: DOMAIN });
	const first = await vi.waitFor(() => learn.send(), { timeout: 30_000 });
	return [first, ...(await Promise.all(Array.from({ length: count - 1 }, () => learn.send())))];
}

it("Durable calls are counted, listed as far as is wanted, shown, and given up", async () => {
	const { boss, caller, join } = await world();
	const ids = await submit(caller, 5);
	const state = await queueOf(boss, DOMAIN, undefined, deadline);
	expect(state).toMatchObject({ open: 5, functions: [{ fn: "words.learn", waiting: 5, pulling: 0 }] });
	expect(queueLines(DOMAIN, state)).toEqual([
		expect.stringContaining("has 5 calls without an outcome, 0 of them leased"),
		expect.stringMatching(/^in memory: /),
		expect.stringContaining("nobody"),
	]);
	const some = await listCalls(boss, DOMAIN, { list: "open" }, 2, deadline);
	expect([some.calls.length, some.isCut]).toEqual([2, true]);
	const all = await listCalls(boss, DOMAIN, { list: "open", sender: CALLER }, 5, deadline);
	expect([all.calls.length, all.isCut]).toEqual([5, false]);
	expect(callTable(all.calls)).toMatch(/words\.learn 1\.0\.0 .*caller@example\.org.*waiting/);
	const [id = ""] = ids[2]?.split(":") ?? [];
	const numbers = await numbersOf(boss, DOMAIN, [{ n: 2 }, { sender: CALLER, id }, { n: 2 }], deadline);
	expect([...numbers].sort()).toEqual([2, all.calls.find((each) => each.id === id)?.n].sort());
	expect(await giveOrder(boss, DOMAIN, "cancel", numbers, deadline)).toEqual(numbers.map((n) => ({ n })));
	expect(await showCall(boss, DOMAIN, { n: 2 }, deadline)).toMatchObject({ code: "cancelled", attempts: 0 });
	const named = parseCallKey(ids[2] ?? "");
	const others = await showCall(boss, DOMAIN, named, deadline).catch(({ code, message }: BusError) => [code, message]);
	expect(others).toEqual([
		"not-found",
		expect.stringContaining(`boss@example.org has no such call. If another account has made it, say whose it is`),
	]);
	const chief = await join("boss@example.org/y");
	const [own = ""] = await submit(chief, 1);
	expect(await showCall(boss, DOMAIN, parseCallKey(own), deadline)).toMatchObject({ sender: "boss@example.org" });
	const refused = await showCall(boss, DOMAIN, { n: 99 }, deadline).catch(({ code }: BusError) => code);
	expect(refused).toBe("not-found");
	const other = queueOf(await join("other@example.org/x"), DOMAIN, undefined, deadline);
	expect(await other.catch(({ code }: BusError) => code)).toBe("forbidden");
});

it("Dead letters are redriven, all of more than one request names, and what is refused is said of each", async () => {
	const { boss, caller, join, serve } = await world();
	const count = 70;
	await submit(caller, count);
	const broken = await join("worker@example.org/b");
	const served = await serve(broken, () => {
		throw new Error("broken");
	});
	await expect
		.poll(async () => (await queueOf(boss, DOMAIN, undefined, deadline)).dead, { timeout: 30_000, interval: 100 })
		.toBe(count);
	await served.drain();
	const { calls } = await listCalls(boss, DOMAIN, { list: "dead" }, 1_000, deadline);
	expect(callJson(calls[0] as (typeof calls)[0])).toMatchObject({ dead: true, code: "internal", instance: null });
	const numbers = calls.map(({ n }) => n);
	const redriven = await giveOrder(boss, DOMAIN, "redrive", numbers, deadline);
	expect(redriven.map((each) => each.error ?? each.again?.n)).toEqual(numbers.map((n) => n + count));
	expect(await listCalls(boss, DOMAIN, { list: "dead" }, 1_000, deadline)).toEqual({ calls: [], isCut: false });
	const [twice] = await giveOrder(boss, DOMAIN, "redrive", [1], deadline);
	expect(twice?.error?.message).toMatch(
		new RegExp(`^call 1 has been redriven: it is call ${count + 1} now, id \\S+-r1$`),
	);
	expect(await showCall(boss, DOMAIN, { n: count + 1 }, deadline)).toMatchObject({ redriveOf: { n: 1 } });
	await serve(await join("worker@example.org/c"), () => {
		throw new Error("broken still");
	});
	await expect
		.poll(async () => (await queueOf(boss, DOMAIN, undefined, deadline)).dead, { timeout: 30_000, interval: 100 })
		.toBe(count);
	const again = redriven.map((each) => (each.error === undefined ? (each.again?.n ?? 0) : 0));
	const purged = await giveOrder(boss, DOMAIN, "purge", [...again, 9_999], deadline);
	expect(purged.slice(0, -1)).toEqual(again.map((n) => ({ n })));
	const log = vi.spyOn(console, "log").mockImplementation(() => {});
	onTestFinished(() => {
		log.mockRestore();
		process.exitCode = undefined;
	});
	printOrdered(false, "purge", purged.slice(-2));
	printOrdered(false, "redrive", redriven.slice(0, 1));
	expect(process.exitCode).toBe(5);
	expect(log.mock.calls.flat()).toEqual([
		`${again.at(-1)} is purged`,
		"9999: not-found: there is no dead letter 9999",
		expect.stringMatching(`^1 is call ${count + 1} now, id \\S+-r1$`),
	]);
});

it("All calls of a function are cancelled, however many requests that takes, and of each that was not it is said why", async () => {
	const { boss, caller } = await world();
	const count = 300;
	const [first = ""] = await submit(caller, count);
	const request = { list: "waiting", fn: "words.learn", sender: CALLER } as const;
	const numbers = await numbersIn(boss, DOMAIN, request, deadline);
	expect(new Set(numbers).size).toBe(count);
	expect(await numbersIn(boss, DOMAIN, { ...request, fn: "words.forget" }, deadline)).toEqual([]);
	const log = vi.spyOn(console, "log").mockImplementation(() => {});
	onTestFinished(() => {
		log.mockRestore();
		process.exitCode = undefined;
	});
	const answers = await cancelCalls(boss, DOMAIN, [...numbers, 9_999], deadline);
	expect(answers.filter(({ error }) => error === undefined)).toHaveLength(count);
	expect(await queueOf(boss, DOMAIN, undefined, deadline)).toMatchObject({ open: 0, settled: count });
	expect(await caller.outcome(first).catch(({ code }: BusError) => code)).toBe("cancelled");
	printMany(false, answers);
	expect([log.mock.calls.flat(), process.exitCode]).toEqual([
		["9999: not-found: fn.example.org keeps no call 9999", `${count} calls are cancelled, and 1 not`],
		5,
	]);
});

it("The last of those that come one after the other is cancelled first, and what there is no room for is asked again", async () => {
	const asked: number[][] = [];
	let refuses = 3;
	const query = async ({ payload }: { payload: Element }) => {
		const numbers = decodeOrder(payload);
		asked.push(numbers);
		const error = new BusError("overloaded", "too much", { retryAfterMs: 1 });
		return encodeOrdered(
			"cancel",
			numbers.map((n) => (refuses-- > 0 ? { n, error } : { n })),
		);
	};
	const node = { query } as unknown as Node;
	expect(await cancelCalls(node, DOMAIN, [1, 3, 2], deadline)).toEqual([{ n: 3 }, { n: 2 }, { n: 1 }]);
	expect(asked).toEqual([
		[3, 2, 1],
		[3, 2, 1],
	]);
});

it("Where the domain is lost half-way it is said how many were cancelled", async () => {
	const query = async ({ payload }: { payload: Element }) => {
		const numbers = decodeOrder(payload);
		if (numbers.includes(1)) throw new BusError("link-lost", "the link is gone", { executed: "unknown" });
		return encodeOrdered(
			"cancel",
			numbers.map((n) => ({ n })),
		);
	};
	const numbers = Array.from({ length: 100 }, (_, i) => i + 1);
	const failed = cancelCalls({ query } as unknown as Node, DOMAIN, numbers, deadline);
	expect(await failed.catch(({ code, message }: BusError) => [code, message])).toEqual([
		"link-lost",
		"the link is gone. 64 of 100 calls were cancelled before that, maybe more: give the command again for the rest",
	]);
});

it("What is in a call is shown as it was meant, and nothing in it moves the cursor", async () => {
	const { boss, caller } = await world();
	await submit(caller, 1);
	const found = await contentOf(boss, DOMAIN, "outcome", 1, deadline);
	expect(contentLines("outcome", found)).toEqual(["outcome: call 1 has no outcome yet"]);
	expect(contentJson(found)).toBeNull();
	const input = await contentOf(boss, DOMAIN, "input", 1, deadline);
	expect(contentLines("input", input)).toEqual(["input: none"]);
	expect(contentJson(input)).toEqual({ encoding: "msgpack" });
	expect(await contentOf(caller, DOMAIN, "input", 1, deadline).catch(({ code }: BusError) => code)).toBe("forbidden");
});
