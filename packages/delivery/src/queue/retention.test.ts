import { describe, expect, it } from "vitest";
import { viewOf } from "../testing/core-bench.js";
import { delivery, QueueBench } from "../testing/queue-bench.js";
import { inspectQueue } from "./inspect.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A queue whose setting can be changed for its next start, and which has accepted a call under the first. */
function accepted(keepMs: number) {
	const limits = { keepMs };
	const bench = new QueueBench({ limits });
	bench.submit("a");
	const startWith = (next: number) => {
		limits.keepMs = next;
		bench.restart();
	};
	return { bench, startWith };
}

function settle(bench: QueueBench) {
	bench.settle(delivery(bench.pull().effects));
}

/** For how long it is kept, of which nothing has been waited yet. */
function expectKept(bench: QueueBench, ms: number) {
	bench.wait(ms - 1);
	expect(bench.stateOf("a")).toBe("settled reply yes");
	bench.wait(1);
	expect(bench.stateOf("a")).toBe("not-found");
}

describe("for how long an outcome is kept", () => {
	it.each([
		["what its caller was told, though less is said since", DAY_MS, 4 * HOUR_MS, DAY_MS],
		["what its caller was told, though a day is not said either", 48 * HOUR_MS, DAY_MS, 48 * HOUR_MS],
		["what is said since, where that is more", 4 * HOUR_MS, 5 * HOUR_MS, 5 * HOUR_MS],
	])("is %s", (_, told, since, kept) => {
		const { bench, startWith } = accepted(told);
		startWith(since);
		settle(bench);
		expectKept(bench, kept);
	});

	it("is no matter of what is said when it is there already", () => {
		const { bench, startWith } = accepted(DAY_MS);
		settle(bench);
		startWith(4 * HOUR_MS);
		expectKept(bench, DAY_MS);
	});

	it("is for each call what it was at its time, however often another time is said", () => {
		const { bench, startWith } = accepted(4 * HOUR_MS);
		const ids = Array.from({ length: 40 }, (_, i) => `${i}`);
		for (const [i, id] of ids.entries()) {
			startWith((5 + i) * HOUR_MS);
			bench.submit(id);
		}
		startWith(1_000 * HOUR_MS);
		const said = ["a", ...ids].map((id) => bench.submit(id).result);
		// There is a bound to how many times are told apart: the oldest are taken together, for the longest of them.
		const first = said.findIndex((result) => result.is === "known" && result.keepMs !== 13 * HOUR_MS);
		expect(first).toBe(10);
		expect(said.slice(10)).toEqual(ids.slice(9).map((id) => ({ is: "known", keepMs: (5 + Number(id)) * HOUR_MS })));
		expect(inspectQueue(viewOf(bench.records), () => false)).toMatchObject({ problems: [] });
	});

	it("is not remembered of calls that are gone", () => {
		const { bench, startWith } = accepted(4 * HOUR_MS);
		settle(bench);
		bench.wait(4 * HOUR_MS);
		startWith(5 * HOUR_MS);
		bench.submit("b");
		expect(Buffer.from(bench.records.get("p") as Uint8Array).toString("latin1", 1)).toBe(
			'[{"from":2,"keepMs":18000000}]',
		);
	});

	it("is not gone on from where it is not what is written there", () => {
		const { bench } = accepted(4 * HOUR_MS);
		bench.records.set("p", Buffer.from("\u0001{}"));
		expect(() => bench.restart()).toThrow('the record "p" does not say for how long outcomes are kept');
		expect(inspectQueue(viewOf(bench.records), () => false).problemsFound).toBe(1);
	});

	it("is said of a call that comes again where it is less than of new ones", () => {
		const { bench, startWith } = accepted(4 * HOUR_MS);
		expect(bench.submit("a").result).toEqual({ is: "known" });
		startWith(DAY_MS);
		expect(bench.submit("a").result).toEqual({ is: "known", keepMs: 4 * HOUR_MS });
		expect(bench.submit("b").result).toEqual({ is: "accepted" });
		expect(bench.submit("b").result).toEqual({ is: "known" });
	});
});
