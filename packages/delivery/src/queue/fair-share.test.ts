import { describe, expect, it } from "vitest";
import { viewOf } from "../testing/core-bench.js";
import { ALICE, delivery, QueueBench, REPLY, submitOf } from "../testing/queue-bench.js";
import { inspectQueue } from "./inspect.js";
import type { QueueEvent, QueueResult } from "./queue-events.js";
import { decodeMeta, META, SHARES } from "./queue-record.js";

const BOB = "bob@example.org";
const DAY = 86_400_000;
/** Several in a record of its own make a difference. */
const LARGE = "x".repeat(20_000);

/** What was said: `accepted`, `settled`, or the code of a refusal. */
const said = (result: QueueResult) => (result.is === "refused" ? result.refusal.code : result.is);

function world(options: ConstructorParameters<typeof QueueBench>[0] = {}) {
	const bench = new QueueBench(options);
	let ids = 0;
	const submit = (sender: string, input = "x") => said(bench.submit(`id-${++ids}`, { sender, input }).result);
	const cancel = (sender: string) => {
		const event = { type: "cancel", sender, id: `id-${++ids}`, expiresMs: DAY } as const;
		return said(bench.ask(event).result);
	};
	/** How many times something is done before it is refused. */
	const most = (action: () => string) => {
		for (let count = 0; count < 1_000; count++) if (action() === "overloaded") return count;
		throw new Error("it is never refused");
	};
	const counted = () => decodeMeta(bench.records.get(META)).counted;
	/** The journal is looked at, which may take so much. */
	const look = (bytes: number) => bench.tell({ type: "room", leftBytes: bytes - counted().bytes });
	const problems = () => inspectQueue(viewOf(bench.records), () => false).problems;
	return { bench, submit, cancel, most, counted, look, problems };
}

describe("what one account keeps", () => {
	it("is not more bytes than are left for all, also within a step and over restarts, and others go on", () => {
		const { bench, submit, most, look, counted, problems } = world();
		look(1_000_000);
		const many = most(() => submit(ALICE, LARGE));
		const { bytes } = counted();
		expect(bytes).toBeGreaterThan(500_000);
		expect(bytes).toBeLessThan(500_000 + 2 * LARGE.length);
		expect(submit(BOB, LARGE)).toBe("accepted");
		bench.restart();
		look(1_000_000);
		expect(submit(ALICE)).toBe("overloaded");
		// Each has about as much as is left then.
		expect(most(() => submit(BOB, LARGE))).toBeGreaterThan(many / 2 - 3);
		expect(most(() => submit("carol@example.org", LARGE))).toBeGreaterThan(many / 4 - 3);
		expect(submit("dave@example.org", LARGE)).toBe("accepted");
		expect(problems()).toEqual([]);
	});

	it("is looked at with each call: a burst of many does not fill the room before it is looked at again", () => {
		const { bench, look, counted } = world();
		look(1_000_000);
		const burst = Array.from({ length: 500 }, (_, ask): QueueEvent => {
			const call = { fn: "dictionary.learn", version: "1.0.0", text: LARGE, digest: "short" };
			return { ...submitOf(`b${ask}`, { sender: `a${ask % 40}@example.org`, call }), ask };
		});
		const answers = bench.tell(...burst).flatMap((effect) => (effect.type === "answer" ? [said(effect.result)] : []));
		expect(answers.slice(0, 20)).toEqual(answers.slice(0, 20).map(() => "accepted"));
		expect(answers.slice(-200)).toEqual(answers.slice(-200).map(() => "overloaded"));
		// The last one may go beyond it.
		expect(counted().bytes).toBeLessThan(1_000_000 + 2 * LARGE.length);
	});

	it("is told to it, with a time; what it has goes on", () => {
		const { bench, submit, cancel, counted, look } = world();
		bench.pull({ credit: 1 });
		const first = delivery(bench.submit("first", { input: LARGE }).effects);
		bench.submit("second");
		const { bytes } = counted();
		look(bytes + 20_000);
		const { result } = bench.submit("third");
		expect(result).toMatchObject({
			is: "refused",
			refusal: {
				code: "overloaded",
				executed: "no",
				message: expect.stringMatching(/^there is no room for more of alice@example\.org, of whom 2 calls \(2 without/),
			},
		});
		expect((result as { refusal: { retryAfterMs: number } }).refusal.retryAfterMs).toBeGreaterThan(40_000);
		expect(cancel(ALICE)).toBe("overloaded");
		expect(said(bench.submit("second").result)).toBe("known");
		expect(said(bench.settle(first).result)).toBe("recorded");
		expect(said(bench.cancel("second").result)).toBe("settled");
		// Inputs go when outcomes come.
		expect(counted().bytes).toBeLessThan(bytes - LARGE.length);
		look(2 * counted().bytes);
		expect(submit(ALICE)).toBe("accepted");
	});

	it("is not more calls than are left for all, of which traces of cancelled ids are some, until they are forgotten", () => {
		const { bench, submit, cancel, most, counted, problems } = world({ limits: { kept: 12 } });
		expect(most(() => cancel(ALICE))).toBe(7);
		expect(submit(ALICE)).toBe("overloaded");
		expect(most(() => submit(BOB))).toBe(3);
		expect(counted()).toMatchObject({ calls: 10, open: 3 });
		expect(cancel("carol@example.org")).toBe("settled");
		bench.restart();
		expect(cancel(ALICE)).toBe("overloaded");
		bench.wait(3 * DAY);
		expect(counted()).toEqual({ calls: 0, open: 0, bytes: 0 });
		expect([...bench.records.keys()]).toEqual([META]);
		expect(cancel(ALICE)).toBe("settled");
		expect(problems()).toEqual([]);
	});

	it("is not more calls without an outcome than are left for all, whatever their functions are", () => {
		const { bench, cancel, most } = world({ limits: { calls: 12 } });
		let ids = 0;
		const submit = () => said(bench.submit(`s${++ids}`, { fn: `dictionary.f${ids}` }).result);
		expect(most(submit)).toBe(7);
		expect(cancel(ALICE)).toBe("overloaded");
		bench.cancel("s1");
		bench.cancel("s2");
		expect(most(submit)).toBe(2);
	});

	it("has what its calls are answered with in it", () => {
		const { bench, submit, look, counted } = world();
		bench.pull();
		const { bytes } = counted();
		bench.settle(delivery(bench.submit("a").effects), { ...REPLY, text: LARGE });
		expect(counted().bytes - bytes).toBeGreaterThan(LARGE.length);
		look(counted().bytes + 10_000);
		expect(submit(ALICE)).toBe("overloaded");
		expect(submit(BOB)).toBe("accepted");
	});
});

it("Accounts of a foreign domain have a part of what is left together, and those of all of them no more than is left", () => {
	const { submit, most, counted, bench } = world({ home: "example.org", limits: { kept: 1_000, calls: 10_000 } });
	let accounts = 0;
	const of = (domain: string) => () => submit(`a${++accounts}@${domain}`);
	expect(most(of("one.example"))).toBe(201);
	expect(submit("a1@one.example")).toBe("overloaded");
	bench.restart();
	let domains = 0;
	const foreign = () => {
		domains++;
		return most(of(`d${domains}.example`));
	};
	while (foreign() > 0);
	expect(counted().calls).toBe(501);
	expect(submit(ALICE)).toBe("accepted");
	expect(most(() => submit(ALICE))).toBeGreaterThan(240);
});

it("What was written before anything was counted is gone on from, and counted when it is written again", () => {
	const { bench, submit, counted, problems } = world();
	bench.pull({ credit: 1 });
	const lease = delivery(bench.submit("leased", { input: LARGE }).effects);
	submit(ALICE, LARGE);
	submit(BOB);
	bench.ask({ type: "cancel", sender: BOB, id: "gone", expiresMs: DAY });
	for (const [key, body] of [...bench.records]) {
		if (key.startsWith(SHARES)) bench.records.delete(key);
		const added = { c: ["textBytes", "outcomeBytes"], m: ["counted"] }[key.charAt(0)];
		if (added === undefined) continue;
		const before = JSON.stringify(JSON.parse(Buffer.from(body).toString("utf8", 1)), (name, value) =>
			added.includes(name) ? undefined : value,
		);
		bench.records.set(key, Buffer.from(`\x01${before}`));
	}
	bench.restart();
	expect(problems()).toEqual([]);
	expect(counted().calls).toBe(0);
	bench.pull({ credit: 1, held: [lease] });
	expect(bench.settle(lease, { ...REPLY, text: LARGE }).result).toEqual({ is: "recorded" });
	// That one, and the one that was given out instead.
	expect(counted()).toMatchObject({ calls: 2, open: 1 });
	expect(counted().bytes).toBeGreaterThan(2 * LARGE.length);
	expect(problems()).toEqual([]);
	bench.wait(40 * DAY);
	expect([...bench.records.keys()]).toEqual([META]);
});
