import { describe, expect, it } from "vitest";
import { deliveries, delivery, fits, QueueBench, submitOf } from "../testing/queue-bench.js";
import type { DeliverEffect, QueueEvent } from "./queue-events.js";

/** Submits many calls in as few steps as the engine would. */
function flood(
	bench: QueueBench,
	count: number,
	options: Parameters<typeof submitOf>[1],
	prefix = "f",
): DeliverEffect[] {
	const all: DeliverEffect[] = [];
	for (let from = 0; from < count; from += 512) {
		const events = Array.from({ length: Math.min(512, count - from) }, (_, i): QueueEvent => {
			return { ...submitOf(`${prefix}${from + i}`, options), ask: i };
		});
		all.push(...deliveries(bench.tell(...events)));
	}
	return all;
}

/** Settles what is delivered, one after the other, and says whose calls those were. */
function drain(bench: QueueBench, first: readonly DeliverEffect[], count: number): DeliverEffect[] {
	const open = [...first];
	const done: DeliverEffect[] = [];
	while (done.length < count) {
		const next = open.shift();
		if (next === undefined) break;
		done.push(next);
		open.push(...deliveries(bench.settle(next, undefined, next.to.slice(0, next.to.indexOf("/"))).effects));
	}
	return done;
}

describe("whose call is next", () => {
	it("is in turn between senders, however many one of them has", () => {
		const bench = new QueueBench();
		flood(bench, 300, { sender: "many@example.org" });
		flood(bench, 5, { sender: "few@example.org" });
		const done = drain(bench, deliveries(bench.pull({ credit: 1 }).effects), 10);
		expect(done.map(({ sender }) => sender.slice(0, 4))).toEqual(
			Array.from({ length: 10 }, (_, i) => (i % 2 ? "few@" : "many")),
		);
	});

	it("is in turn between functions, however many senders one of them has", () => {
		const bench = new QueueBench();
		for (let i = 0; i < 20; i++) flood(bench, 2, { sender: `s${i}@example.org`, fn: "dictionary.learn" });
		flood(bench, 3, { fn: "dictionary.define" }, "d");
		const done = drain(bench, deliveries(bench.pull({ credit: 1 }).effects), 6);
		expect(done.filter(({ call }) => call.fn === "dictionary.define")).toHaveLength(3);
	});

	it("is the first of a sender's, also far beyond what is known of a lane at a time, and after others have come back", () => {
		const bench = new QueueBench();
		flood(bench, 100, {});
		const first = deliveries(bench.pull({ credit: 40 }).effects);
		expect(first.map(({ n }) => n)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
		bench.release(first[20] as DeliverEffect);
		bench.release(first[3] as DeliverEffect);
		bench.cancel("f45");
		const again = deliveries(bench.pull({ credit: 48, held: first.filter((_, i) => i !== 20 && i !== 3) }).effects);
		// What was released was given out again at once, and was not there either.
		expect(again.map(({ n }) => n)).toEqual([4, 21, 41, 42, 43, 44, 45, 47, 48, 49]);
	});

	it("is in turn between senders, in however many versions one of them calls", () => {
		const bench = new QueueBench({ fits });
		for (let i = 0; i < 50; i++) flood(bench, 2, { version: `1.1.${i}`, sender: "many@example.org" }, `v${i}-`);
		flood(bench, 5, { version: "1.1.0", sender: "few@example.org" });
		const done = drain(bench, deliveries(bench.pull({ version: "1.2.0", credit: 1 }).effects), 10);
		expect(done.map(({ sender }) => sender.slice(0, 4))).toEqual(
			Array.from({ length: 10 }, (_, i) => (i % 2 ? "few@" : "many")),
		);
		expect(new Set(done.map(({ call }) => call.version)).size).toBe(5);
	});

	it("is nobody's whose version nobody serves, and that keeps nobody else waiting", () => {
		const bench = new QueueBench({ fits: (wanted, served) => wanted <= served });
		flood(bench, 50, { version: "1.2.0", sender: "new@example.org" });
		flood(bench, 3, { version: "1.0.0" });
		const got = deliveries(bench.pull({ version: "1.1.0", credit: 5 }).effects);
		expect(got.map(({ call }) => call.version)).toEqual(["1.0.0", "1.0.0", "1.0.0"]);
		expect(deliveries(bench.pull({ version: "1.2.0", instance: "w2", credit: 5 }).effects)).toHaveLength(5);
	});
});

describe("a call of a version that nobody serves yet, or any more", () => {
	it("waits for one, which is another one than before, and finds it also after a start", () => {
		for (const isRestart of [false, true]) {
			const bench = new QueueBench({ fits });
			const [older, newer] = [
				{ version: "1.1.9", instance: "older" },
				{ version: "1.2.0", instance: "newer" },
			];
			bench.pull({ ...newer, credit: 0 });
			bench.submit("new", { version: "1.2.0" });
			bench.submit("old", { version: "1.1.7" });
			bench.submit("never", { version: "1.3.0" });
			bench.tell({ type: "provider-gone", service: "dictionary", instance: "newer" });
			if (isRestart) bench.restart();
			expect(deliveries(bench.pull(older).effects).map(({ id }) => id)).toEqual(["old"]);
			expect(delivery(bench.pull(newer).effects).id).toBe("new");
			expect(bench.stateOf("never")).toBe("waiting");
			bench.tell({ type: "provider-gone", service: "dictionary", instance: "newer" });
			const again = deliveries(bench.pull({ ...newer, session: "s2", version: "1.3.0" }).effects);
			expect(again.map(({ id }) => id)).toEqual(["never"]);
		}
	});

	it("goes to whoever serves it now, when an instance comes back with another version", () => {
		const bench = new QueueBench({ fits });
		bench.pull({ version: "1.1.0" });
		expect(bench.submit("a", { version: "1.2.0" }).effects).toEqual([]);
		bench.pull({ instance: "w2", version: "1.1.0" });
		expect(delivery(bench.pull({ version: "1.2.0", session: "s2" }).effects)).toMatchObject({
			id: "a",
			instance: "w1",
		});
		expect(delivery(bench.submit("b", { version: "1.2.0" }).effects).instance).toBe("w1");
		expect(deliveries(bench.pull({ version: "1.1.0", session: "s3" }).effects)).toEqual([]);
		expect(bench.submit("c", { version: "1.2.0" }).effects).toEqual([]);
	});
});

describe("who gets a call", () => {
	it("is who has the most room by its credit, in turn", () => {
		const bench = new QueueBench();
		for (const [instance, credit] of [
			["big", 8],
			["small", 2],
		] as const)
			bench.pull({ instance, credit, node: `${instance}@example.org/a` });
		const to = flood(bench, 10, {}).map(({ instance }) => instance);
		expect(to.filter((instance) => instance === "small")).toHaveLength(2);
		expect(to.slice(0, 5)).toContain("small");
		expect(to.slice(5)).toContain("small");
	});

	it("is who had it when its lease was over, if that one has kept it", () => {
		for (const inbox of ["durable", "memory"] as const) {
			const bench = new QueueBench();
			const second = { instance: "second", inbox, node: "other@example.org/a" };
			bench.pull({ ...second, credit: 0 });
			bench.pull({ instance: "first", inbox, credit: 1 });
			bench.submit("a");
			bench.pull({ ...second, credit: 100 });
			const again = delivery(bench.wait(60_000));
			expect(again.instance).toBe(inbox === "durable" ? "first" : "second");
		}
	});

	it("gets no more than a mebibyte that it has not acknowledged", () => {
		const bench = new QueueBench();
		bench.pull({ credit: 100 });
		const input = "x".repeat(300 * 1024);
		const got = ["a", "b", "c", "d", "e"].flatMap((id) => deliveries(bench.submit(id, { input }).effects));
		expect(got).toHaveLength(4);
		expect(got[3]?.call.text).toHaveLength(input.length + 13);
		expect(deliveries(bench.taken(got[0] as DeliverEffect))).toHaveLength(1);
	});

	it("gets more when it renews what it has not acknowledged: only the acknowledgement was lost", () => {
		const bench = new QueueBench();
		bench.pull({ credit: 100 });
		const input = "x".repeat(600 * 1024);
		const got = ["a", "b", "c"].flatMap((id) => deliveries(bench.submit(id, { input }).effects));
		expect(got.map(({ id }) => id)).toEqual(["a", "b"]);
		expect(delivery(bench.renew([got[0] as DeliverEffect]).effects).id).toBe("c");
	});

	it("has nothing else to lose, when others seem to have died of the call", () => {
		const bench = new QueueBench();
		bench.pull({ credit: 5, instance: "w1" });
		bench.submit("poison", { retry: { attempts: 10 } });
		for (let run = 1; run <= 2; run++) bench.wait(50_000);
		// After two leases that were over it has been leased again, alone.
		expect(bench.stateOf("poison")).toBe("leased");
		expect(bench.submit("other").effects).toEqual([]);
		bench.pull({ credit: 5, instance: "w2", node: "other@example.org/a" });
		expect(bench.stateOf("other")).toBe("leased");
		const effects = bench.wait(120_000);
		const poison = deliveries(effects).filter(({ id }) => id === "poison");
		expect(poison.length).toBeGreaterThan(0);
	});

	it("is kept free for such a call, until it is idle, or the call is given up", () => {
		for (const isGivenUp of [false, true]) {
			const bench = new QueueBench();
			bench.pull();
			bench.submit("poison", { retry: { attempts: 10 } });
			for (const ms of [45_000, 1_000, 45_000]) bench.wait(ms);
			const one = delivery(bench.submit("one").effects);
			bench.wait(2_000);
			expect(bench.stateOf("poison")).toBe("waiting");
			expect(bench.submit("two").effects).toEqual([]);
			if (isGivenUp) expect(delivery(bench.cancel("poison").effects).id).toBe("two");
			else {
				const poison = delivery(bench.settle(one).effects);
				expect(poison.id).toBe("poison");
				expect(bench.submit("three").effects).toEqual([]);
				expect(deliveries(bench.settle(poison).effects).map(({ id }) => id)).toEqual(["two", "three"]);
			}
		}
	});

	it("is in turn also while an instance is kept free for such a call, whose turn that was", () => {
		const bench = new QueueBench({ fits });
		bench.pull({ version: "1.2.0" });
		bench.submit("poison", { retry: { attempts: 10 } });
		for (const ms of [45_000, 1_000, 45_000]) bench.wait(ms);
		bench.submit("one");
		bench.wait(2_000);
		expect(bench.stateOf("poison")).toBe("waiting");
		// So that not everybody's calls are served by the same versions.
		bench.pull({ instance: "old", version: "1.1.0", credit: 0 });
		flood(bench, 5, { sender: "old@example.org", version: "1.1.0" }, "o");
		flood(bench, 5, { sender: "new@example.org", version: "1.2.0" }, "n");
		const first = bench.pull({ instance: "w2", version: "1.2.0", credit: 1, node: "other@example.org/a" });
		const senders = drain(bench, deliveries(first.effects), 8).map(({ sender }) => sender.slice(0, 3));
		expect(senders.sort()).toEqual(["new", "new", "new", "new", "old", "old", "old", "old"]);
	});
});

describe("a queue that has no room", () => {
	const refusal = (bench: QueueBench, id: string, options: Parameters<QueueBench["submit"]>[1] = {}) => {
		const { result } = bench.submit(id, options);
		return result.is === "refused" ? result.refusal : result.is;
	};

	it("says so to a new call, with a time, and not to one that it has", () => {
		const cases = [
			{ limits: { calls: 2 }, other: { sender: "b@example.org", fn: "weather.now" } },
			{ limits: { callsPerFunction: 2 }, other: { sender: "b@example.org" }, elsewhere: { fn: "weather.now" } },
			{ limits: { callsPerSender: 2 }, other: {}, elsewhere: { sender: "b@example.org" } },
			{ limits: { lanes: 1 }, other: { sender: "b@example.org" }, elsewhere: {} },
			{ limits: { lanesPerSender: 1 }, other: { version: "1.1.0" }, elsewhere: {} },
			{ limits: { lanesPerSender: 1 }, other: { fn: "weather.now" }, elsewhere: { sender: "b@example.org" } },
			{
				limits: { lanes: 4 },
				home: "home.example",
				other: { sender: "b@example.org" },
				elsewhere: { sender: "x@home.example" },
			},
			{
				limits: { calls: 8 },
				home: "home.example",
				other: { sender: "b@example.org" },
				elsewhere: { sender: "x@home.example" },
			},
		];
		for (const { other, elsewhere, ...options } of cases) {
			const bench = new QueueBench(options);
			expect(refusal(bench, "a")).toBe("accepted");
			expect(refusal(bench, "b")).toBe("accepted");
			const refused = refusal(bench, "c", other);
			expect(refused).toMatchObject({ code: "overloaded", executed: "no" });
			expect((refused as { retryAfterMs: number }).retryAfterMs).toBeGreaterThanOrEqual(375);
			expect(refusal(bench, "a")).toBe("known");
			if (elsewhere !== undefined) expect(refusal(bench, "d", elsewhere)).toBe("accepted");
			bench.restart();
			expect(refusal(bench, "c", other)).toMatchObject({ code: "overloaded" });
			bench.cancel("a");
			bench.cancel("b");
			bench.cancel("d");
			expect(refusal(bench, "c", other)).toBe("accepted");
		}
	});

	it("on its disk says so to new calls, and goes on with what it has", () => {
		const bench = new QueueBench();
		bench.pull();
		const lease = delivery(bench.submit("a").effects);
		bench.tell({ type: "room", leftBytes: 0 });
		const refused = refusal(bench, "b") as { code: string; retryAfterMs: number };
		expect(refused.code).toBe("overloaded");
		expect(Math.abs(refused.retryAfterMs - 5_000)).toBeLessThanOrEqual(1_250);
		expect(refusal(bench, "a")).toBe("known");
		expect(bench.settle(lease).result).toEqual({ is: "recorded" });
		bench.tell({ type: "room", leftBytes: 2 ** 20 });
		expect(refusal(bench, "b")).toBe("accepted");
	});

	it("for another lease lets calls wait until there is one", () => {
		const bench = new QueueBench({ limits: { leases: 2 } });
		bench.pull();
		bench.pull({ service: "weather", instance: "w2", node: "other@example.org/a" });
		const leases = ["a", "b"].flatMap((id) => deliveries(bench.submit(id).effects));
		expect(bench.submit("c", { fn: "weather.now" }).effects).toEqual([]);
		expect(delivery(bench.settle(leases[0] as DeliverEffect).effects).id).toBe("c");
	});
});

describe("how much is done at once", () => {
	it("is bounded: 512 leases a step, and the rest in the next", () => {
		const bench = new QueueBench();
		flood(bench, 600, {});
		const first = deliveries(bench.pull({ credit: 1_000 }).effects);
		expect(bench.core.wakeUp()).toBe(bench.up);
		const second = deliveries(bench.tell());
		expect([first.length, second.length]).toEqual([512, 88]);
		expect(bench.core.wakeUp()).toBeGreaterThan(bench.up);
	});

	it("reads and writes no more for many calls that wait than for few", () => {
		const work = (count: number) => {
			const bench = new QueueBench();
			flood(bench, count, {});
			const { effects } = bench.pull({ credit: 1 });
			bench.settle(delivery(effects));
			return bench.writes.length;
		};
		expect(work(600)).toBe(work(30));
	});
});
