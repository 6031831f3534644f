import { memoryStore } from "@antiphon/delivery";
import { memoryBus } from "@antiphon/link";
import { decodeStates, encodeCancel, encodeReply, encodeSubmit, type LeaseRef, NS, quietLog } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { expect, it } from "vitest";
import { failure, host, NAME } from "../testing/bus.js";
import {
	AT,
	call,
	conditionOf,
	delivered,
	keeping,
	pull,
	settle,
	submit,
	submitted,
	taken,
} from "../testing/durable.js";
import { failingStore } from "../testing/failing-store.js";
import { Party } from "../testing/party.js";

it("A store has one domain at a time, and is free again when that has closed", async () => {
	const store = memoryStore();
	const first = await host(memoryBus(), { store });
	expect(await failure(host(memoryBus(), { store }))).toMatchObject({ code: "conflict" });
	await first.close();
	await host(memoryBus(), { store });
});

it("Nothing is acknowledged that found no room, and what comes later is taken", async () => {
	const { control, store } = failingStore();
	const { caller } = await keeping({ store });
	// What is known of functions has been stored before this is answered.
	expect(await submit(caller, submitted("first"))).toEqual([{ id: "first", state: "accepted" }]);
	control.fails = "full";
	expect(await submit(caller, submitted("a"))).toMatchObject([
		{ id: "a", error: { code: "overloaded", executed: "no" } },
	]);
	control.fails = undefined;
	await expect
		.poll(() => submit(caller, submitted("a")), { timeout: 10_000 })
		.toEqual([{ id: "a", state: "accepted" }]);
});

it("A domain whose journal fails ends, and says why", async () => {
	const { control, store } = failingStore();
	const { caller, hosted } = await keeping({ store });
	control.fails = "failed";
	void submit(caller, submitted("a")).catch(() => {});
	expect(await hosted.closed).toMatchObject({ code: "internal", message: expect.stringContaining("on fire") });
});

it("A domain that drains takes no more calls, and gives none out", async () => {
	const { caller, worker, hosted } = await keeping();
	await worker.result("set", NAME, pull({ credit: 1 }));
	await submit(caller, submitted("a"), submitted("b"));
	const [first] = await taken(worker);
	// A call that is passed on keeps it.
	const passedOn = caller.ask("set", `words.forget@${NAME}`, call("words.forget"));
	const running = await worker.awaited("call", 1, NS.rpc);
	const drained = hosted.drain();
	const { n, token } = first as LeaseRef;
	expect(await settle(worker, { n, token })).toEqual({ n, token });
	expect(conditionOf(await caller.ask("set", AT, encodeSubmit([submitted("c")])))).toBe("service-unavailable");
	worker.answer(running[0] as Element, encodeReply("json", null));
	await passedOn;
	await drained;
	expect(delivered(worker)).toHaveLength(1);
});

it("It is said where calls are kept, and when that is no place for them", async () => {
	const lines: string[] = [];
	const log = {
		...quietLog,
		info: (line: string) => void lines.push(line),
		warn: (line: string) => void lines.push(line),
	};
	await keeping({ log });
	expect(lines).toContain("durable calls are kept in memory");
	expect(lines).toContainEqual(
		expect.stringMatching(/^calls of words are to be kept, .* Give the domain a store on disk$/),
	);
	lines.length = 0;
	await keeping({ log, store: failingStore().store });
	expect(lines).toContain("durable calls are kept on disk: a test");
	expect(lines.join()).not.toContain("Give the domain a store");
});

it("No account fills the store for the others, nor when the domain has started again", async () => {
	const store = memoryStore({ maxBytes: 400_000 });
	let ids = 0;
	/** Makes up ids, and cancels them. */
	const refusedOf = async (by: Party) => {
		const calls = Array.from({ length: 64 }, () => ({
			id: `made-up-${ids++}`,
			fn: "words.learn",
			expiresMs: 86_400_000,
		}));
		return decodeStates(await by.result("set", AT, encodeCancel(calls))).filter(({ error }) => error !== undefined);
	};
	const first = await keeping({ store });
	const flooder = await Party.join(first.bus, "flooder@example.org/x");
	while ((await refusedOf(flooder)).length === 0);
	expect(ids).toBeLessThan(500);
	expect(await submit(first.caller, submitted("a"))).toEqual([{ id: "a", state: "accepted" }]);
	await first.hosted.close();
	const second = await keeping({ store });
	const refused = await refusedOf(await Party.join(second.bus, "flooder@example.org/x"));
	// How much is left is known better than before.
	expect(refused.length).toBeGreaterThan(16);
	expect(refused[0]?.error).toMatchObject({
		code: "overloaded",
		executed: "no",
		retryAfterMs: expect.any(Number),
		message: expect.stringContaining("no account may have more than is left for all"),
	});
	expect(await submit(second.caller, submitted("b"))).toEqual([{ id: "b", state: "accepted" }]);
});
