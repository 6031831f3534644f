import { createDomain } from "@antiphon/domain";
import { type BusError, createNode, memoryBus, memoryStore, type Node, service, set } from "antiphon";
import { expect, it, onTestFinished, vi } from "vitest";
import { queueLines } from "../commands/queues.js";
import { callJson, callTable } from "../print/calls.js";
import { printOrdered } from "../print/orders.js";
import { giveOrder, listCalls, numbersOf, queueOf, showCall } from "./durable-calls.js";

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
	const purged = await giveOrder(boss, DOMAIN, "purge", [...numbers, 9_999], deadline);
	expect(purged.slice(0, -1)).toEqual(numbers.map((n) => ({ n })));
	const log = vi.spyOn(console, "log").mockImplementation(() => {});
	onTestFinished(() => {
		log.mockRestore();
		process.exitCode = undefined;
	});
	printOrdered(false, "purge", purged.slice(-2));
	printOrdered(false, "redrive", redriven.slice(0, 1));
	expect(process.exitCode).toBe(5);
	expect(log.mock.calls.flat()).toEqual([
		`${numbers.at(-1)} is purged`,
		"9999: not-found: there is no dead letter 9999",
		expect.stringMatching(`^1 is call ${count + 1} now, id \\S+-r1$`),
	]);
});
