import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LeaseRef } from "../calls.js";
import { fault, fits, QueueBench, REPLY, submitOf } from "../testing/queue-bench.js";
import type { DeliverEffect, PullEvent, QueueEffect, QueueEvent } from "./queue-events.js";
import { callKey, decodeHead, decodeShare, type Head, META, nIn, OUTCOMES, SHARES, TEXTS } from "./queue-record.js";
import { amountOf, NONE, sum } from "./shares.js";

type Command =
	| { readonly is: "submit"; readonly id: number; readonly who: number; readonly way: number }
	| {
			readonly is: "pull";
			readonly who: number;
			readonly credit: number;
			readonly loses: boolean;
			readonly anew: boolean;
			readonly newer: boolean;
	  }
	| { readonly is: "lease"; readonly which: number; readonly what: number }
	| { readonly is: "cancel"; readonly id: number; readonly who: number }
	| { readonly is: "order"; readonly n: number; readonly what: number }
	| { readonly is: "wait"; readonly ms: number }
	| { readonly is: "gone"; readonly who: number }
	| { readonly is: "recover"; readonly isRestart: boolean };

const who = fc.nat(2);
const command: fc.Arbitrary<Command> = fc.oneof(
	{ weight: 6, arbitrary: fc.record({ is: fc.constant("submit"), id: fc.nat(20), who, way: fc.nat(7) }) },
	{
		weight: 2,
		arbitrary: fc.record({
			is: fc.constant("pull"),
			who,
			credit: fc.nat(4),
			loses: fc.boolean(),
			anew: fc.boolean(),
			newer: fc.boolean(),
		}),
	},
	{ weight: 8, arbitrary: fc.record({ is: fc.constant("lease"), which: fc.nat(30), what: fc.nat(9) }) },
	{ weight: 1, arbitrary: fc.record({ is: fc.constant("cancel"), id: fc.nat(20), who }) },
	{ weight: 1, arbitrary: fc.record({ is: fc.constant("order"), n: fc.nat(20), what: fc.nat(2) }) },
	{ weight: 3, arbitrary: fc.record({ is: fc.constant("wait"), ms: fc.constantFrom(1, 700, 5_000, 20_000, 60_000) }) },
	{ weight: 1, arbitrary: fc.record({ is: fc.constant("gone"), who }) },
	{ weight: 1, arbitrary: fc.record({ is: fc.constant("recover"), isRestart: fc.boolean() }) },
) as fc.Arbitrary<Command>;

/** A queue, and a world around it that remembers what it was told. */
class World {
	readonly bench: QueueBench;
	readonly leases: DeliverEffect[] = [];
	readonly outcomes = new Map<string, string>();
	readonly credits = new Map<string, number>();
	/** What came of each step, in no order: turns may differ. */
	readonly log: string[] = [];
	readonly #senders: readonly string[];
	readonly #services: readonly string[];
	readonly #sessions = new Map<string, string>();
	#numbers = 0;
	#asks = 0;

	constructor(senders: readonly string[], services: readonly string[]) {
		this.bench = new QueueBench({ fits });
		this.#senders = senders;
		this.#services = services;
	}

	get heads(): Map<number, Head> {
		const keys = [...this.bench.records.keys()].filter((key) => key.startsWith("c"));
		return new Map(keys.map((key) => [nIn(key), decodeHead(key, this.bench.records.get(key))]));
	}

	do(command: Command): void {
		switch (command.is) {
			case "submit":
				this.#submit(command.id, command.who, command.way);
				break;
			case "pull":
				this.pull(command.who, command);
				break;
			case "lease":
				this.#lease(command.which, command.what);
				break;
			case "cancel":
				this.tell({
					type: "cancel",
					sender: this.#sender(command.who),
					id: `i${command.id}`,
					expiresMs: 90_000,
				});
				break;
			case "order":
				this.tell({ type: (["redrive", "purge", "retry"] as const)[command.what] ?? "redrive", n: command.n });
				break;
			case "wait":
				this.saw(this.bench.wait(command.ms));
				break;
			case "gone":
				this.tell({ type: "provider-gone", ...this.#instance(command.who) });
				break;
			case "recover":
				if (command.isRestart) this.bench.restart();
				else this.bench.fail({ ...submitOf("lost"), ask: 0 });
		}
	}

	/** @param loses what it holds is not there any more @param anew it is another process @param newer of the newer version */
	pull(
		who: number,
		{
			credit,
			loses = false,
			anew = false,
			newer = true,
		}: { credit: number } & Partial<Record<"loses" | "anew" | "newer", boolean>>,
	): void {
		const { service, instance } = this.#instance(who);
		this.credits.set(instance, credit);
		const held: LeaseRef[] = [];
		for (const [n, { state, holder, token }] of this.heads) {
			if (!loses && state === "leased" && holder?.instance === instance) held.push({ n, token });
		}
		const event: Omit<PullEvent, "ask"> = {
			type: "pull",
			service,
			instance,
			node: `worker${who}@example.org/a`,
			version: newer ? "1.1.0" : "1.0.0",
			credit,
			session: this.#session(instance, anew),
			number: ++this.#numbers,
			inbox: who === 0 ? "memory" : "durable",
			held,
		};
		this.tell(event);
	}

	tell(event: Record<string, unknown> & { readonly type: string }): void {
		this.saw(this.bench.tell({ ask: ++this.#asks, ...event } as unknown as QueueEvent));
	}

	saw(effects: readonly QueueEffect[]): void {
		for (const effect of effects) if (effect.type === "deliver") this.leases.push(effect);
		for (const [n, { state }] of this.heads) if (state === "settled") this.#settled(n);
		this.log.push(
			effects
				.map((effect) => JSON.stringify(effect))
				.sort()
				.join("\n"),
		);
	}

	#settled(n: number): void {
		const { sender, id } = this.heads.get(n) as Head;
		const outcome = Buffer.from(this.bench.records.get(callKey(OUTCOMES, n)) ?? []).toString();
		const known = this.outcomes.get(`${sender} ${id}`) ?? outcome;
		expect(outcome, "one outcome").toBe(known);
		this.outcomes.set(`${sender} ${id}`, outcome);
	}

	#submit(id: number, who: number, way: number): void {
		const sender = this.#sender(who);
		const service = this.#services[way % this.#services.length];
		const submit = submitOf(`i${id}`, {
			sender,
			fn: `${service}.f${this.#senders.length > 1 ? way % 2 : 0}`,
			// Some in records of their own.
			input: `${id} ${way}`.repeat(way === 3 ? 300 : 1),
			version: this.#senders.length > 1 && id % 3 === 0 ? "1.1.0" : "1.0.0",
			delivery: way % 2 === 0 ? "at-least-once" : "effectively-once",
			afterMs: way === 3 ? 3_000 : 0,
			expiresMs: way === 4 ? 30_000 : 400_000,
			...(way >= 5 && { orderKey: "k" }),
			notify: `${sender}/x`,
		});
		this.tell(submit);
	}

	#lease(which: number, what: number): void {
		const lease = this.leases[which % Math.max(1, this.leases.length)];
		if (lease === undefined) return;
		const { n, token, service, instance, to } = lease;
		const from = to.slice(0, to.indexOf("/"));
		const ways: (Record<string, unknown> & { readonly type: string })[] = [
			{ type: "taken", n, token },
			{ type: "undelivered", n, token, why: "gone" },
			{ type: "undelivered", n, token, why: "overloaded", retryAfterMs: 500 },
			{ type: "undelivered", n, token, why: "unknown" },
			{ type: "settle", from, n, token, outcome: REPLY },
			{ type: "settle", from, n, token, outcome: fault("internal") },
			{ type: "settle", from, n, token, outcome: fault("unimplemented") },
			{ type: "release", from, n, token, executed: "no" },
			{ type: "release", from, n, token, executed: "unknown" },
			{ type: "renew", from, service, instance, items: [{ n, token }] },
		];
		this.tell(ways[what] as (typeof ways)[number]);
	}

	#session(instance: string, anew: boolean): string {
		const session = anew ? `s${this.#numbers}` : (this.#sessions.get(instance) ?? "s");
		this.#sessions.set(instance, session);
		return session;
	}

	#sender(who: number): string {
		return this.#senders[who % this.#senders.length] as string;
	}

	#instance(who: number): { readonly service: string; readonly instance: string } {
		return { service: this.#services[who % this.#services.length] as string, instance: `w${who}` };
	}
}

/** Every call is in the places of its state, and in no other, and the totals are right. */
function verify({ bench, heads }: World): void {
	const of = (kind: string) =>
		[...bench.records.keys()]
			.filter((key) => key.startsWith(kind))
			.map(nIn)
			.sort((a, b) => a - b);
	const those = (matches: (head: Head) => boolean) => [...heads].filter(([, head]) => matches(head)).map(([n]) => n);
	expect(of("r")).toEqual(those(({ state }) => state === "waiting"));
	expect([...of("d"), ...of("s")].sort((a, b) => a - b)).toEqual(those(({ state }) => state === "delayed"));
	expect(of("a")).toEqual(those(({ state }) => state === "leased"));
	expect(of("x")).toEqual(those(({ state }) => state !== "settled"));
	expect(of("e")).toEqual(those(({ state }) => state === "settled"));
	expect(of("o")).toEqual(those(({ state }) => state === "settled"));
	expect(of("z")).toEqual(those(({ isDead }) => isDead === true));
	expect(of("k")).toEqual(those(({ state, order }) => state !== "settled" && order !== undefined));
	const chained = [...heads.values()].filter(({ order, state }) => order !== undefined && state !== "settled");
	for (const { sender, fn } of chained) {
		const states = chained.filter((other) => other.sender === sender && other.fn === fn).map(({ state }) => state);
		expect(states.map((state) => state === "chained")).toEqual(states.map((_, i) => i > 0));
	}
	// It compares the totals.
	bench.make();
}

/** What is kept of each account, and of each domain, is what its calls say and what they have beside them. */
function verifyShares({ records }: QueueBench): void {
	const shares = new Map<string, object>();
	const counted = new Map<string, typeof NONE>();
	for (const [key, body] of records) {
		if (key.startsWith(SHARES)) {
			const { of, ...amount } = decodeShare(key, body);
			shares.set(of, amount);
		}
		if (!key.startsWith("c")) continue;
		const head = decodeHead(key, body);
		const [textBytes, outcomeBytes] = [TEXTS, OUTCOMES].map((kind) => records.get(callKey(kind, nIn(key)))?.length);
		expect([head.textBytes, head.outcomeBytes]).toEqual([textBytes, outcomeBytes]);
		for (const who of [head.sender, head.sender.slice(head.sender.indexOf("@"))]) {
			const amount = amountOf({ ...head, textBytes, outcomeBytes }, body.length);
			counted.set(who, sum(counted.get(who) ?? NONE, amount));
		}
	}
	expect(shares).toEqual(counted);
}

describe("whatever comes, in whatever order", () => {
	it("every call is where it belongs, has one outcome, is settled in the end, and leaves nothing behind", () => {
		fc.assert(
			fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
				const world = new World(["alice@example.org", "bob@example.org"], ["dictionary", "weather"]);
				for (const [i, command] of commands.entries()) {
					world.do(command);
					verify(world);
					if (i % 4 === 0) verifyShares(world.bench);
					for (const [instance, credit] of world.credits) {
						const held = [...world.heads.values()].filter(
							({ state, holder }) => state === "leased" && holder?.instance === instance,
						);
						if (held.length > credit)
							expect(world.log.at(-1), "nothing above the credit").not.toContain(`"instance":"${instance}","session"`);
					}
				}
				for (let i = 0; i < 40 && [...world.heads.values()].some(({ state }) => state !== "settled"); i++) {
					for (const who of [0, 1, 2]) world.pull(who, { credit: 50 });
					for (const { n, token, to } of world.leases.splice(0)) {
						world.tell({ type: "settle", from: to.slice(0, to.indexOf("/")), n, token, outcome: REPLY });
					}
					world.do({ is: "wait", ms: 50_000 });
				}
				expect([...world.heads.values()].filter(({ state }) => state !== "settled")).toEqual([]);
				verifyShares(world.bench);
				world.bench.wait(31 * 86_400_000);
				expect([...world.bench.records.keys()].filter((key) => key !== META)).toEqual([]);
			}),
			{ numRuns: 60 },
		);
	});

	it("a queue that starts from what is stored decides as the one that stored it, once providers have said what they have", () => {
		const lone = command.filter(({ is }) => is !== "recover");
		fc.assert(
			fc.property(
				fc.array(lone, { maxLength: 40 }),
				fc.boolean(),
				fc.array(lone, { maxLength: 25 }),
				(before, isRestart, after) => {
					// One lane a service: in whose turn it is they may differ.
					const worlds = [0, 1].map(() => new World(["alice@example.org"], ["dictionary", "weather", "news"])) as [
						World,
						World,
					];
					for (const command of before) for (const world of worlds) world.do(command);
					worlds[0].do({ is: "recover", isRestart });
					for (const world of worlds) {
						for (const who of [0, 1, 2]) world.pull(who, { credit: 3, anew: false });
						for (const [, { sender, id, state }] of world.heads) {
							if (state !== "settled") world.tell({ type: "await", sender, id, notify: `${sender}/x` });
						}
						world.log.length = 0;
					}
					for (const command of after) for (const world of worlds) world.do(command);
					expect(worlds[0].log).toEqual(worlds[1].log);
					expect(worlds[0].heads).toEqual(worlds[1].heads);
					expect([...worlds[0].bench.records].sort()).toEqual([...worlds[1].bench.records].sort());
				},
			),
			{ numRuns: 60 },
		);
	});
});
