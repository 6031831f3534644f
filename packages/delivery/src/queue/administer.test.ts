import { describe, expect, it } from "vitest";
import { ALICE, delivery, fault, QueueBench } from "../testing/queue-bench.js";

const retry = (bench: QueueBench, n: number) => bench.ask({ type: "retry", n }).result;

describe("a call that an administrator has tried again", () => {
	it("does not wait for its back-off any more, and the run counts", () => {
		const bench = new QueueBench();
		bench.pull();
		bench.settle(delivery(bench.submit("a").effects), fault("internal"));
		expect(bench.stateOf("a")).toBe("delayed");
		const { result, effects } = bench.ask({ type: "retry", n: 1 });
		expect(result).toEqual({ is: "retried" });
		expect(delivery(effects)).toMatchObject({ n: 1, attempt: 2 });
		expect(bench.core.wakeUp()).toBe(45_000);
	});

	it("waits for an instance as before, if it did", () => {
		const bench = new QueueBench();
		bench.submit("a");
		expect(retry(bench, 1)).toEqual({ is: "retried" });
		expect(bench.stateOf("a")).toBe("waiting");
	});

	it("has to have failed, and to have no outcome", () => {
		const bench = new QueueBench();
		bench.pull({ credit: 1 });
		bench.settle(delivery(bench.submit("dead", { retry: { attempts: 1 } }).effects), fault("internal"));
		bench.settle(delivery(bench.submit("done").effects));
		bench.submit("first", { orderKey: "k" });
		bench.submit("second", { orderKey: "k" });
		bench.submit("later", { afterMs: 5_000 });
		const why = [1, 2, 3, 4, 5].map((n) => retry(bench, n));
		expect(why).toEqual(
			[
				"is a dead letter: redrive it",
				"has its outcome, and a call has one",
				"is leased to w1",
				"comes behind another of its order key",
				"was put off by its caller",
			].map((words, i) => ({
				is: "refused",
				refusal: { code: "conflict", message: `call ${i + 1} ${words}`, executed: "no" },
			})),
		);
		expect(retry(bench, 6)).toMatchObject({ refusal: { code: "not-found" } });
		expect(["done", "first", "second", "later"].map((id) => bench.stateOf(id))).toEqual([
			"settled reply yes",
			"leased",
			"chained",
			"delayed",
		]);
	});
});

it("A call that an administrator cancels says so", () => {
	const bench = new QueueBench();
	bench.submit("a");
	bench.submit("b");
	bench.ask({ type: "cancel", sender: ALICE, id: "a", expiresMs: undefined, by: "administrator" });
	bench.cancel("b");
	const texts = ["a", "b"].map((id) => bench.ask({ type: "await", sender: ALICE, id }).result);
	expect(texts).toMatchObject([
		{ outcome: { text: "<fault cancelled no>an administrator has cancelled it" } },
		{ outcome: { text: "<fault cancelled no>its caller has cancelled it" } },
	]);
});

it("Calls are counted by function and version, with those who take them, also behind a restart", () => {
	const bench = new QueueBench();
	bench.pull({ credit: 2 });
	bench.settle(delivery(bench.submit("done").effects));
	bench.settle(delivery(bench.submit("dead", { retry: { attempts: 1 } }).effects), fault("internal"));
	for (const id of ["a", "b", "c"]) bench.submit(id);
	bench.submit("bob", { sender: "bob@example.org" });
	bench.submit("old", { version: "0.9.0" });
	bench.submit("later", { fn: "words.learn", afterMs: 5_000 });
	const counts = () => bench.ask({ type: "survey" }).result;
	const old = { fn: "dictionary.learn", version: "0.9.0", open: 1, waiting: 1, leased: 0, pulling: 0, credit: 0 };
	const later = { fn: "words.learn", version: "1.0.0", open: 1, waiting: 0, leased: 0, pulling: 0, credit: 0 };
	const learn = { fn: "dictionary.learn", version: "1.0.0", open: 4, waiting: 2, leased: 2 };
	expect(counts()).toEqual({
		is: "surveyed",
		open: 6,
		leased: 2,
		settled: 2,
		dead: 1,
		functions: [{ ...learn, pulling: 1, credit: 2 }, old, later],
	});
	bench.restart();
	const { functions } = counts() as { readonly functions?: unknown };
	expect(functions).toHaveLength(3);
	expect(functions).toEqual(expect.arrayContaining([{ ...learn, pulling: 0, credit: 0 }, old, later]));
});
