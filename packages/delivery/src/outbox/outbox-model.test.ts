import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OutcomeText } from "../calls.js";
import { CoreBench } from "../testing/core-bench.js";
import { Outbox } from "./outbox.js";
import type { DomainResult, OutboxEffect, OutboxEvent } from "./outbox-events.js";

const TO = "dictionary@fn.example.org";
const MINUTE = 60_000;

const id = fc.constantFrom("a", "b", "c", "d");
const act = fc.oneof(
	fc.record({
		...{ do: fc.constant("keep" as const), id, orderKey: fc.constantFrom(undefined, "k") },
		...{ expiresMs: fc.integer({ min: 1, max: 60 * MINUTE }), isOther: fc.boolean() },
	}),
	fc.record({ do: fc.constantFrom("wait" as const, "cancel" as const, "finish" as const, "tell" as const), id }),
	fc.record({ do: fc.constant("link" as const), isUp: fc.boolean() }),
	// A request that is on its way reaches the domain, or not; and so does its answer.
	fc.record({
		...{ do: fc.constant("carry" as const), which: fc.nat(5), arrives: fc.boolean(), returns: fc.boolean() },
		refuses: fc.constantFrom(undefined, undefined, "overloaded" as const, "forbidden" as const),
	}),
	fc.record({ do: fc.constant("pass" as const), ms: fc.oneof(fc.nat(2_000), fc.nat(20 * MINUTE)) }),
	fc.record({ do: fc.constant("restart" as const), awayMs: fc.nat(MINUTE) }),
	fc.record({ do: fc.constant("full" as const) }),
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
type Request = Extract<OutboxEffect, { readonly request: number }>;

const isRequest = (effect: OutboxEffect): effect is Request => "request" in effect;

/** The domain, as its callers see it: true to what it says. */
class Domain {
	/** Without a digest: cancelled before it came, so that whatever comes under its id is it. */
	readonly calls = new Map<string, { digest?: string | undefined; outcome: OutcomeText | undefined }>();

	answer(request: Request, refuses: "overloaded" | "forbidden" | undefined): DomainResult {
		if (request.type === "submit") {
			const { id, call } = request.submission;
			const there = this.calls.get(id);
			if (there !== undefined) {
				return (there.digest ?? call.digest) === call.digest ? { is: "known" } : this.#refuse("conflict");
			}
			if (refuses !== undefined) return this.#refuse(refuses);
			this.calls.set(id, { digest: call.digest, outcome: undefined });
			return { is: "accepted" };
		}
		const there = this.calls.get(request.id);
		if (request.type === "await") {
			if (there === undefined) return this.#refuse("not-found");
			if (there.outcome === undefined) return { is: "state", state: "waiting", attempts: 0 };
			return { is: "settled", attempts: 1, outcome: there.outcome };
		}
		const executed = there === undefined ? "no" : "unknown";
		const outcome = there?.outcome ?? { text: "cancelled", code: "cancelled", executed };
		this.calls.set(request.id, { digest: there?.digest, outcome });
		return { is: "settled", attempts: 0, outcome };
	}

	finish(id: string): void {
		const there = this.calls.get(id);
		if (there !== undefined) there.outcome ??= { text: `reply to ${id}`, code: undefined, executed: "yes" };
	}

	#refuse(code: "overloaded" | "forbidden" | "conflict" | "not-found"): DomainResult {
		return { is: "refused", refusal: { code, message: "no", executed: "no" } };
	}
}

class World {
	readonly domain = new Domain();
	readonly bench = new CoreBench<OutboxEvent, OutboxEffect>(
		() => new Outbox({ isDurable: true, fault: (code, executed) => `${code} ${executed}` }),
	);
	readonly onTheWay: Request[] = [];
	readonly open = new Set<number>();
	readonly kept = new Set<string>();
	readonly outcomes = new Map<string, OutcomeText>();
	readonly #ids = new Map<number, string>();
	#ask = 0;

	do(act: Act): void {
		switch (act.do) {
			case "keep":
				this.#tell(this.#keep(act));
				break;
			case "wait":
			case "cancel":
				this.#tell({ type: act.do, ask: this.ask(act.id), to: TO, id: act.id });
				break;
			case "finish":
				this.domain.finish(act.id);
				break;
			case "tell": {
				const outcome = this.domain.calls.get(act.id)?.outcome;
				if (outcome !== undefined) {
					this.#tell({ type: "told", ask: this.ask(act.id), from: TO, id: act.id, attempts: 1, outcome });
				}
				break;
			}
			case "link":
				this.#tell({ type: "link", isUp: act.isUp });
				break;
			case "carry": {
				const [request] = this.onTheWay.splice(act.which, 1);
				if (request !== undefined) this.carry(request, act.arrives, act.returns, act.refuses);
				break;
			}
			case "pass":
				this.hear(this.bench.wait(act.ms));
				break;
			case "restart":
				this.bench.restart(act.awayMs);
				this.open.clear();
				break;
			case "full": {
				const told = [...this.domain.calls].flatMap(([id, { outcome }]): OutboxEvent[] =>
					outcome === undefined ? [] : [{ type: "told", ask: 0, from: TO, id, attempts: 1, outcome }],
				);
				this.bench.fail(...told, { type: "stop-waiting", ask: this.#ask });
			}
		}
	}

	carry(request: Request, arrives: boolean, returns: boolean, refuses?: "overloaded" | "forbidden"): void {
		const result = arrives ? this.domain.answer(request, refuses) : undefined;
		if (!returns) return;
		if (result === undefined) this.#tell({ type: "unanswered", request: request.request });
		else this.#tell({ type: "answered", request: request.request, result });
	}

	ask(id: string): number {
		this.#ids.set(++this.#ask, id);
		this.open.add(this.#ask);
		return this.#ask;
	}

	hear(effects: readonly OutboxEffect[]): void {
		for (const effect of effects) {
			if (isRequest(effect)) this.onTheWay.push(effect);
			if (effect.type !== "answer") continue;
			expect(this.open.delete(effect.ask), "an ask is answered once").toBe(true);
			const id = this.#ids.get(effect.ask) as string;
			if (effect.result.is === "kept") this.kept.add(id);
			if (effect.result.is !== "settled") continue;
			const { outcome } = effect.result;
			expect(this.outcomes.get(id) ?? outcome, "a call has one outcome").toEqual(outcome);
			this.outcomes.set(id, outcome);
			const there = this.domain.calls.get(id);
			const cancelled = there?.outcome?.executed === "no";
			if (outcome.executed === "no") expect(there === undefined || cancelled, "it was not executed").toBe(true);
			if (outcome.code === undefined) expect(outcome).toEqual(there?.outcome);
		}
	}

	#keep(act: Extract<Act, { do: "keep" }>): OutboxEvent {
		const digest = `${act.id}${act.isOther && act.id === "d"}`;
		return {
			...{ type: "keep", ask: this.ask(act.id), to: TO },
			submission: {
				...{ id: act.id, delivery: "effectively-once", afterMs: 0 },
				...{ expiresMs: act.expiresMs, orderKey: act.orderKey },
				call: { fn: "dictionary.learn", version: "1.0.0", text: digest, digest },
				retry: { attempts: 1, backoffMs: 1, maxBackoffMs: 1, attemptMs: 1, faults: [] },
			},
		};
	}

	#tell(event: OutboxEvent): void {
		this.hear(this.bench.tell(event));
	}
}

describe("an outbox in any order of things", () => {
	it("decides the same after it was recovered, answers once, and settles everything when all is well again", () => {
		fc.assert(
			fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
				const world = new World();
				const { bench, domain } = world;
				for (const each of acts) world.do(each);

				// What memory and journal say is the same.
				const probe: OutboxEvent[] = [...world.open].map((ask) => ({ type: "stop-waiting", ask }));
				probe.push({ type: "link", isUp: false }, { type: "link", isUp: true });
				for (const [i, id] of ["a", "b", "c", "d"].entries()) {
					probe.push({ type: "wait", ask: 10_000 + i, to: TO, id });
				}
				const seen = (core: typeof bench.core) =>
					bench
						.probe(core, ...probe)
						.filter((effect) => effect.type !== "answer" || effect.ask >= 10_000)
						.map((effect) => JSON.stringify({ ...effect, request: undefined }))
						.sort();
				const copy = bench.make();
				expect(new Set(seen(bench.core))).toEqual(new Set(seen(copy)));
				expect(bench.core.wakeUp()).toBe(copy.wakeUp());

				// From here on nothing is lost.
				bench.restart();
				world.open.clear();
				world.onTheWay.length = 0;
				world.hear(bench.tell({ type: "link", isUp: true }));
				for (const id of world.kept) world.hear(bench.tell({ type: "wait", ask: world.ask(id), to: TO, id }));
				for (let i = 0; i < 100 && world.open.size > 0; i++) {
					for (const each of world.onTheWay.splice(0)) world.carry(each, true, true);
					for (const each of domain.calls.keys()) domain.finish(each);
					world.hear(bench.wait(MINUTE));
				}
				expect(world.open.size).toBe(0);
			}),
			{ numRuns: 300 },
		);
	});
});
