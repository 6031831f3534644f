import type { Store } from "@antiphon/delivery";
import { type MemoryBus, memoryBus } from "@antiphon/link";
import { type CallContext, get, type NodeOptions, type ServeOptions, service, set } from "antiphon";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { failure, host, join, NAME } from "./testing/bus.js";
import { failingStore } from "./testing/failing-store.js";

const words = service("words", "1.0.0", {
	learn: set({
		input: z.object({ word: z.string() }),
		output: z.object({ count: z.number() }),
		faults: { full: z.object({ count: z.number() }) },
		delivery: "effectively-once",
		retry: { attempts: 2, backoffMs: 1, maxBackoffMs: 1 },
	}),
	look: get({}),
});

let bus: MemoryBus;
let store: Store;

beforeEach(() => {
	bus = memoryBus();
	store = failingStore().store;
});

type Learn = (
	input: { word: string },
	ctx: CallContext<{ full: { count: number } }>,
) => Promise<{ count: number }> | { count: number };

const provider = async (learn: Learn, options: Omit<NodeOptions, "link"> = {}, serve: ServeOptions = {}) => {
	const node = await join(bus, "worker@example.org", options);
	const served = await node.serve(words, { learn, look() {} }, { domain: NAME, ...serve });
	return { node, served };
};
const caller = async (options: Omit<NodeOptions, "link"> = {}) => {
	const node = await join(bus, "caller@example.org", options);
	return { node, learn: node.client(words, { domain: NAME }).learn };
};

describe("a call that is kept", () => {
	it("is made as any other, and its outcome is had again by its id", async () => {
		await host(bus, { store });
		const seen: CallContext[] = [];
		await provider(({ word }, ctx) => {
			seen.push(ctx);
			return { count: word.length };
		});
		const { node, learn } = await caller();
		expect(await learn({ word: "iq" })).toEqual({ count: 2 });
		const callId = await learn.send({ word: "stanza" }, { key: "k" });
		expect(await node.outcome(callId)).toEqual({ count: 6 });
		expect(await learn.send({ word: "stanza" }, { key: "k" })).toBe(callId);
		expect(await learn({ word: "stanza" }, { key: "k" })).toEqual({ count: 6 });
		expect(seen).toHaveLength(2);
		expect(seen[1]).toMatchObject({ from: "caller@example.org", attempt: 1 });
		expect(seen[1]?.callId).toBe(`caller@example.org/${callId.split(":")[0]}`);
	});

	it("waits for an instance, and runs again when a run has failed", async () => {
		await host(bus, { store });
		const first = await provider(() => ({ count: 0 }));
		await first.node.drain();
		const { node, learn } = await caller();
		const callId = await learn.send({ word: "iq" });
		const attempts: number[] = [];
		await provider((_, { attempt }) => {
			attempts.push(attempt);
			if (attempt === 1) throw new Error("no luck");
			return { count: 1 };
		});
		expect(await node.outcome(callId)).toEqual({ count: 1 });
		expect(attempts).toEqual([1, 2]);
	});

	it("ends with the fault of its contract", async () => {
		await host(bus, { store });
		await provider((_, ctx) => ctx.fail("full", { count: 3 }));
		const { node, learn } = await caller();
		const error = await failure(learn({ word: "iq" }));
		expect(error).toMatchObject({ code: "fault", name: "full", data: { count: 3 }, goesOn: false });
		expect(await failure(node.outcome(error.callId ?? ""))).toMatchObject({ name: "full", callId: error.callId });
	});

	it("is cancelled before it runs, or while it runs", async () => {
		await host(bus, { store });
		let signal: AbortSignal | undefined;
		const { served } = await provider((_, ctx) => {
			signal = ctx.signal;
			return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal?.reason)));
		});
		const { node, learn } = await caller();
		const running = await learn.send({ word: "iq" });
		await vi.waitFor(() => expect(signal).toBeDefined());
		expect(await node.cancel(running)).toBe(true);
		await vi.waitFor(() => expect(signal?.aborted).toBe(true));
		expect(await failure(node.outcome(running))).toMatchObject({ code: "cancelled", executed: "unknown" });
		await served.drain();
		const waiting = await learn.send({ word: "iq" });
		expect(await node.cancel(waiting)).toBe(true);
		expect(await failure(node.outcome(waiting))).toMatchObject({ code: "cancelled", executed: "no" });
	});

	it("is not cancelled by a mistyped id, nor by another's account", async () => {
		await host(bus, { store });
		await provider(() => ({ count: 0 }));
		const { node, learn } = await caller();
		const callId = await learn.send({ word: "iq" }, { notBefore: new Date(Date.now() + 3_600_000) });
		const other = await join(bus, "other@example.org");
		for (const [who, id] of [
			[node, `mistyped:words@${NAME}`],
			[node, `mistyped:words@${NAME}`],
			[other, callId],
		] as const) {
			expect(await failure(who.cancel(id))).toMatchObject({ code: "not-found", executed: "unknown" });
		}
		expect(await node.cancel(callId)).toBe(true);
		expect(await node.cancel(callId)).toBe(true);
	});

	it("is refused where nothing keeps it, and it is said what to do", async () => {
		await host(bus);
		await provider(() => ({ count: 0 }));
		const { learn } = await caller();
		const error = await failure(learn({ word: "iq" }));
		expect(error).toMatchObject({ code: "unimplemented", executed: "no" });
		expect(error.message).toContain("createDomain({ store })");
		expect(await learn({ word: "iq" }, { delivery: "at-most-once" })).toEqual({ count: 0 });
	});
});

describe("an instance with a handler that does not end", () => {
	it("runs the calls of others with the places that are left, as fast as ever", async () => {
		await host(bus, { store });
		const patient = service("patient", "1.0.0", {
			work: set({
				input: z.string(),
				output: z.string(),
				delivery: "effectively-once",
				// Its first run is over at once, and it comes again and again: only a run counts as an attempt.
				retry: { attempts: 2, backoffMs: 1, maxBackoffMs: 1, attemptTimeoutMs: 100 },
			}),
		});
		const worker = await join(bus, "worker@example.org");
		let signal: AbortSignal | undefined;
		let stuck = 0;
		const work = async (word: string, ctx: CallContext) => {
			if (word !== "stuck") {
				// So that another one is given to the instance meanwhile, for which it has no place.
				await new Promise((resolve) => setTimeout(resolve, 2));
				return word;
			}
			signal = ctx.signal;
			stuck++;
			return new Promise<string>(() => {});
		};
		await worker.serve(patient, { work }, { domain: NAME, concurrency: 2 });
		const node = await join(bus, "caller@example.org");
		const client = node.client(patient, { domain: NAME });
		await client.work.send("stuck");
		await vi.waitFor(() => expect(signal?.aborted).toBe(true));
		const words = Array.from({ length: 100 }, (_, i) => `word ${i}`);
		expect(await Promise.all(words.map((word) => client.work(word)))).toEqual(words);
		expect(stuck).toBe(1);
	});
});

describe("a call that was accepted", () => {
	it("goes to another instance when the one that has it drains", async () => {
		await host(bus, { store });
		let begun = 0;
		const { served } = await provider(
			() => {
				begun++;
				return new Promise(() => {});
			},
			{ limits: { drainTimeoutMs: 20 } },
			{ concurrency: 1 },
		);
		const { node, learn } = await caller();
		await learn.send({ word: "stuck" });
		await vi.waitFor(() => expect(begun).toBe(1));
		const second = await learn.send({ word: "iq" });
		void served.drain();
		const other = await join(bus, "worker@example.org");
		await other.serve(words, { learn: () => ({ count: 5 }), look() {} }, { domain: NAME });
		expect(await node.outcome(second)).toEqual({ count: 5 });
		expect(begun).toBe(1);
	});

	it("is not run again whose outcome an inbox has, though its process has died", async () => {
		const domain = await host(bus, { store });
		const inbox = failingStore().store;
		const { open, opened } = gate();
		const first = await provider(() => opened, { inbox }, { instance: "one" });
		const { learn } = await caller();
		const callId = await learn.send({ word: "iq" });
		await domain.close();
		open({ count: 4 });
		await new Promise(setImmediate);
		await new Promise(setImmediate);
		await first.node.close();
		await host(bus, { store });
		const learnAgain = vi.fn(() => ({ count: 5 }));
		await provider(learnAgain, { inbox }, { instance: "one" });
		// Another process: who waited before the domain started asks only now and then.
		const { node } = await caller();
		expect(await node.outcome(callId)).toEqual({ count: 4 });
		expect(learnAgain).not.toHaveBeenCalled();
	});
});

function gate() {
	let open!: (output: { count: number }) => void;
	const opened = new Promise<{ count: number }>((resolve) => {
		open = resolve;
	});
	return { open, opened };
}
