import { type MemoryBus, memoryBus } from "@antiphon/link";
import { createNode, get, service, set } from "antiphon";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { failure, host, join, NAME, untilTheEnd } from "./testing/bus.js";

const output = z.object({ by: z.string() });
const slow = service("slow", "1.0.0", { read: get({ output }), write: set({ output }) });

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

/** A provider that answers when it is told to; its link can be cut without a word. */
async function provider(bus: MemoryBus, name: string) {
	const link = bus.link(`worker@example.org/${name}`);
	const node = untilTheEnd(await createNode({ link }));
	const waiting: ((answer: { by: string }) => void)[] = [];
	const wait = () => new Promise<{ by: string }>((resolve) => waiting.push(resolve));
	await node.serve(slow, { read: wait, write: wait }, { domain: NAME, instance: name });
	const answerAll = () => {
		for (const resolve of waiting.splice(0)) resolve({ by: name });
	};
	return { waiting, answerAll, dies: () => link.destroy() };
}

/** A call of each kind, of one who resolves and of one who calls the functions' JIDs. */
async function callers(bus: MemoryBus) {
	const caller = await join(bus, "caller@example.org/x");
	const direct = caller.client(slow, { domain: NAME });
	const through = caller.client(slow, { to: `slow@${NAME}` });
	const given = { timeoutMs: 600_000 };
	return {
		/** Waits until the caller has been told that these are there, and no others. */
		areTold: (...names: string[]) =>
			vi.waitFor(async () => expect((await direct.$instances()).map(({ name }) => name).sort()).toEqual(names)),
		reads: () => [direct.read(undefined, given), through.read(undefined, given)],
		writes: () => [direct.write(undefined, given), through.write(undefined, given)],
	};
}

describe("calls at an instance that has gone", () => {
	it("are answered by the one that comes in its place, if they may run twice", async () => {
		const bus = memoryBus();
		await host(bus);
		const first = await provider(bus, "a");
		const { reads, areTold } = await callers(bus);
		const called = reads();
		await vi.waitFor(() => expect(first.waiting).toHaveLength(2));
		first.dies();
		await areTold();
		// Of the same address.
		const second = await provider(bus, "a");
		await vi.waitFor(() => expect(second.waiting).toHaveLength(2));
		await vi.advanceTimersByTimeAsync(60_000);
		second.answerAll();
		expect(await Promise.all(called)).toEqual([{ by: "a" }, { by: "a" }]);
	});

	it("end two seconds later when nobody comes, and say that it may have run", async () => {
		const bus = memoryBus();
		await host(bus);
		const only = await provider(bus, "a");
		const { reads, writes, areTold } = await callers(bus);
		const called = [...reads(), ...writes()].map((each) => failure(each));
		await vi.waitFor(() => expect(only.waiting).toHaveLength(4));
		only.dies();
		await areTold();
		await vi.advanceTimersByTimeAsync(2_000);
		for (const error of await Promise.all(called)) {
			expect(error).toMatchObject({ code: "unavailable", executed: "unknown" });
			expect(error.message).toContain("worker@example.org/a has gone");
		}
	});

	it("are not made again if they may not run twice", async () => {
		const bus = memoryBus();
		await host(bus);
		const first = await provider(bus, "a");
		const { writes, areTold } = await callers(bus);
		const called = writes().map((each) => failure(each));
		await vi.waitFor(() => expect(first.waiting).toHaveLength(2));
		const second = await provider(bus, "b");
		first.dies();
		const third = await provider(bus, "c");
		await areTold("b", "c");
		await vi.advanceTimersByTimeAsync(2_000);
		for (const error of await Promise.all(called)) expect(error.executed).toBe("unknown");
		expect([...second.waiting, ...third.waiting]).toEqual([]);
	});
});
