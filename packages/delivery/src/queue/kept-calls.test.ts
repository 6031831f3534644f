import { describe, expect, it } from "vitest";
import type { View } from "../journal/journal.js";
import { viewOf } from "../testing/core-bench.js";
import { ALICE, delivery, fault, QueueBench, REPLY, submitOf, WORKER } from "../testing/queue-bench.js";
import { type CallFilter, callIn, callsIn, type KeptCall, numberOf } from "./kept-calls.js";

const BOB = "bob@example.org";

/** A view, and how many records it was asked for. */
function counting(bench: QueueBench) {
	const view = viewOf(bench.records);
	const reads = { records: 0, keys: 0 };
	const counted: View = {
		...view,
		get(key) {
			reads.records++;
			return view.get(key);
		},
		keys(from, to, limit) {
			reads.keys += limit;
			return view.keys(from, to, limit);
		},
	};
	return { view: counted, reads };
}

function listed(bench: QueueBench, filter: CallFilter, max = 100) {
	const view = viewOf(bench.records);
	const pages: string[][] = [];
	let after: string | undefined;
	do {
		let left = max;
		const page = callsIn(view, bench.now, filter, after, () => --left > 0);
		if (page === undefined) throw new Error("the place is refused");
		pages.push(page.calls.map(({ id }) => id));
		after = page.next;
	} while (after !== undefined);
	return pages;
}

const call = (bench: QueueBench, id: string, sender = ALICE) =>
	callIn(viewOf(bench.records), bench.now, numberOf(viewOf(bench.records), sender, id) ?? 0) as KeptCall;

describe("the calls that a queue keeps", () => {
	/** One of each state. */
	function bench() {
		const made = new QueueBench();
		made.pull({ credit: 1 });
		made.settle(delivery(made.submit("done").effects));
		made.settle(delivery(made.submit("dead", { retry: { attempts: 1 } }).effects), fault("internal"));
		made.settle(delivery(made.submit("failed").effects), fault("internal"));
		made.submit("first", { orderKey: "k" });
		made.submit("second", { orderKey: "k" });
		made.submit("waits", { expiresMs: 5_000 });
		made.submit("later", { afterMs: 5_000, sender: BOB, fn: "dictionary.forget" });
		return made;
	}

	it("are listed by state, those that expire soonest first", () => {
		const of = (list: CallFilter["list"]) => listed(bench(), { list }).flat();
		expect(of("open")).toEqual(["waits", "failed", "first", "second", "later"]);
		expect(of("waiting")).toEqual(["waits"]);
		expect(of("delayed")).toEqual(["failed", "later"]);
		expect(of("chained")).toEqual(["second"]);
		expect(of("leased")).toEqual(["first"]);
		expect(of("settled")).toEqual(["done", "dead"]);
		expect(of("dead")).toEqual(["dead"]);
	});

	it("are listed by sender and by function, however that is spelled", () => {
		expect(listed(bench(), { list: "open", sender: BOB })).toEqual([["later"]]);
		expect(listed(bench(), { list: "open", fn: "dictionary.FORGET" })).toEqual([["later"]]);
		expect(listed(bench(), { list: "open", fn: "dictionary.forget", sender: ALICE })).toEqual([[]]);
	});

	it("come in pages, each once, also where one goes in between", () => {
		expect(listed(bench(), { list: "open" }, 2)).toEqual([["waits", "failed"], ["first", "second"], ["later"]]);
		expect(listed(bench(), { list: "settled" }, 1)).toEqual([["done"], ["dead"]]);
		const made = bench();
		const page = callsIn(viewOf(made.records), made.now, { list: "open" }, undefined, () => false);
		made.cancel("waits");
		const rest = callsIn(viewOf(made.records), made.now, { list: "open" }, page?.next, () => true);
		expect(rest?.calls.map(({ id }) => id)).toEqual(["failed", "first", "second", "later"]);
	});

	it("are looked at in bounded numbers: a page of few among many is short, or empty, and not the last", () => {
		const made = new QueueBench();
		const bobs = (i: number) => (i === 280 ? { sender: BOB } : {});
		made.tell(...Array.from({ length: 300 }, (_, i) => ({ ...submitOf(`c${i}`, bobs(i)), ask: i })));
		const { view, reads } = counting(made);
		const page = callsIn(view, made.now, { list: "open", sender: BOB }, undefined, () => true);
		expect(page).toMatchObject({ calls: [], next: expect.any(String) });
		expect(reads.records).toBeLessThanOrEqual(256);
		expect(reads.keys).toBeLessThanOrEqual(257);
		expect(listed(made, { list: "open", sender: BOB })).toEqual([[], ["c280"]]);
	});

	it("are not read on from a place that none of their pages has named", () => {
		const made = bench();
		const from = (list: CallFilter["list"], after: string) =>
			callsIn(viewOf(made.records), made.now, { list }, after, () => true);
		for (const after of ["", "x", "1", "1-2-3", "9999999999999999-1"]) expect(from("open", after)).toBeUndefined();
		expect(from("leased", "1-2")).toBeUndefined();
		expect(from("leased", "99")).toEqual({ calls: [], next: undefined });
	});
});

describe("a call that is shown", () => {
	it("says of many leases that came back unrun, one after the other, when the last one did", () => {
		const made = new QueueBench();
		made.pull({ credit: 1 });
		let lease = delivery(made.submit("a").effects);
		const run = () => {
			for (let times = 0; times < 20; times++) {
				made.up += 10;
				lease = delivery(made.release(lease).effects);
			}
		};
		run();
		lease = delivery([...made.settle(lease, fault("internal")).effects, ...made.wait(1_000)]);
		run();
		expect(call(made, "a")?.leases.map(({ how }) => how)).toEqual(["back", "internal", "back", undefined]);
	});

	it("says where it has been, and what came of each lease", () => {
		const made = new QueueBench();
		made.submit("a", { delivery: "at-least-once" });
		made.wait(500);
		made.pull();
		made.tell({ type: "provider-gone", service: "dictionary", instance: "w1" });
		made.wait(10_000);
		const again = delivery(made.pull({ instance: "w2", node: "worker@example.org/b" }).effects);
		made.wait(41);
		made.settle(again);
		made.wait(1_000);
		expect(call(made, "a")).toEqual({
			n: 1,
			sender: ALICE,
			id: "a",
			fn: "dictionary.learn",
			version: "1.0.0",
			delivery: "at-least-once",
			orderKey: undefined,
			state: "settled",
			isDead: false,
			attempts: 2,
			maxAttempts: undefined,
			acceptedMs: 11_541,
			expiresMs: undefined,
			dueMs: undefined,
			settledMs: 1_000,
			outcome: REPLY,
			redriveOf: undefined,
			redriven: undefined,
			leases: [
				{ instance: "w1", node: WORKER, atMs: 500, tookMs: 10_000, how: "untaken", message: undefined },
				{ instance: "w2", node: "worker@example.org/b", atMs: 10_500, tookMs: 41, how: "reply", message: undefined },
			],
		});
	});

	it("says when it is due, by either of the two times, and when it is given up", () => {
		const made = new QueueBench();
		made.submit("later", { afterMs: 5_000, expiresMs: 60_000 });
		made.pull();
		made.settle(delivery(made.submit("failed", { retry: { backoffMs: 4_000 } }).effects), fault("internal"));
		made.wait(100);
		expect(call(made, "later")).toMatchObject({ dueMs: 4_900, expiresMs: 59_900, state: "delayed" });
		const { dueMs } = call(made, "failed");
		expect(dueMs).toBeGreaterThan(0);
		expect(dueMs).toBeLessThanOrEqual(4_000);
		expect(call(made, "failed")).toMatchObject({ attempts: 1, maxAttempts: 3, leases: [{ how: "internal" }] });
	});

	it("says what the errors said, of a run that is followed by another, and of the last", () => {
		const made = new QueueBench();
		made.pull();
		const fail = ({ n, token }: { n: number; token: number }, message: string, outcome = fault("internal")) =>
			made.ask({ type: "settle", from: "worker@example.org", n, token, outcome, message });
		fail(delivery(made.submit("a", { retry: { attempts: 2 } }).effects), "once");
		fail(delivery(made.wait(10_000)), "twice");
		made.ask({
			type: "settle",
			from: "worker@example.org",
			n: 1,
			token: 2,
			outcome: fault("internal"),
			message: "late",
		});
		expect(call(made, "a").leases.map(({ how, message }) => [how, message])).toEqual([
			["internal", "once"],
			["internal", "twice"],
		]);
		fail(delivery(made.submit("b").effects), "once");
		fail(delivery(made.wait(10_000)), "never", fault("forbidden"));
		expect(call(made, "b").leases.map(({ message }) => message)).toEqual(["once", "never"]);
	});

	it("says what it has become when it was redriven, and of which it was made", () => {
		const made = new QueueBench();
		made.pull();
		made.settle(delivery(made.submit("a", { retry: { attempts: 1 } }).effects), fault("internal"));
		made.pull({ credit: 0 });
		made.wait(1_000);
		made.ask({ type: "redrive", n: 1 });
		made.wait(500);
		expect(call(made, "a")).toMatchObject({
			...{ n: 1, state: "settled", isDead: false, acceptedMs: 1_500, settledMs: 1_500 },
			redriven: { n: 2, id: "a-r1", agoMs: 500 },
			redriveOf: undefined,
		});
		expect(call(made, "a-r1")).toMatchObject({
			...{ n: 2, state: "waiting", acceptedMs: 500, expiresMs: 3_599_500, maxAttempts: 1 },
			redriven: undefined,
			redriveOf: { n: 1, origin: "a" },
		});
		expect(listed(made, { list: "dead" })).toEqual([[]]);
		expect(listed(made, { list: "settled" })).toEqual([["a"]]);
	});

	it("that was cancelled before it came has no function; of one that is not there nothing is shown", () => {
		const made = new QueueBench();
		made.cancel("a");
		expect(call(made, "a")).toMatchObject({ fn: undefined, version: undefined, outcome: { code: "cancelled" } });
		expect(numberOf(viewOf(made.records), BOB, "a")).toBeUndefined();
		for (const n of [0, 2, 1.5, -1]) expect(callIn(viewOf(made.records), made.now, n)).toBeUndefined();
	});
});
