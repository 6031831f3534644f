import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OutcomeText } from "../calls.js";
import { CoreBench } from "../testing/core-bench.js";
import { Inbox } from "./inbox.js";
import type { DeliveryEvent, InboxEffect, InboxEvent, LeaseResult } from "./inbox-events.js";

const PLACE = { domain: "fn.example.org", service: "dictionary", instance: "worker-7" };
const MINUTE = 60_000;
const IDS = ["a", "b", "c"];

const id = fc.constantFrom(...IDS);
const act = fc.oneof(
	// The domain leases a call, anew.
	fc.record({ do: fc.constant("lease" as const), id }),
	// A delivery arrives, or is lost; a copy of it may come later.
	fc.record({ do: fc.constant("arrive" as const), which: fc.nat(5), arrives: fc.boolean(), stays: fc.boolean() }),
	fc.record({ do: fc.constant("end" as const), which: fc.nat(3), isFinal: fc.boolean() }),
	fc.record({ do: fc.constant("unable" as const), which: fc.nat(3) }),
	fc.record({ do: fc.constant("hint" as const), id }),
	fc.record({ do: fc.constant("carry" as const), which: fc.nat(5), arrives: fc.boolean(), returns: fc.boolean() }),
	fc.record({ do: fc.constant("serve" as const), credit: fc.integer({ min: 1, max: 3 }) }),
	fc.record({ do: fc.constantFrom("offline" as const, "leave" as const, "restart" as const, "full" as const) }),
	fc.record({ do: fc.constant("pass" as const), ms: fc.oneof(fc.nat(2_000), fc.nat(12 * MINUTE)) }),
);
type Act = typeof act extends fc.Arbitrary<infer T> ? T : never;
type Request = Extract<InboxEffect, { readonly request: number }>;

interface Lease {
	readonly n: number;
	token: number;
	/** Burnt, or over: nothing that comes under the token counts. */
	isOver: boolean;
	outcome: OutcomeText | undefined;
}

const isRequest = (effect: InboxEffect): effect is Request => "request" in effect;

class World {
	readonly bench = new CoreBench<InboxEvent, InboxEffect>(
		(process) => new Inbox({ isDurable: true, session: `session-${process}` }),
	);
	/** What the domain knows of calls, and of the instance. */
	readonly leases = new Map<string, Lease>(
		IDS.map((id, i) => [id, { n: i + 1, token: 0, isOver: true, outcome: undefined }]),
	);
	pull: { session: string; number: number } | undefined;
	serial = 0;
	/** On the way. */
	readonly deliveries: DeliveryEvent[] = [];
	requests: Request[] = [];
	/** What has happened at the provider. */
	readonly live = new Map<number, { readonly n: number; isAborted: boolean }>();
	readonly started: { readonly n: number; readonly token: number; readonly process: number }[] = [];
	readonly refused = new Set<string>();
	readonly returned = new Set<number>();
	readonly outcomes = new Map<number, string[]>();
	/** Calls with an outcome that the domain has said nothing about. */
	readonly recorded = new Set<number>();
	readonly #asks = new Map<number, DeliveryEvent>();
	#ask = 0;

	do(act: Act): void {
		switch (act.do) {
			case "lease":
				this.lease(act.id);
				break;
			case "arrive": {
				const [delivery] = this.deliveries.splice(act.which, 1);
				if (delivery === undefined) break;
				if (act.stays) this.deliveries.push(delivery);
				if (act.arrives) this.arrive(delivery);
				break;
			}
			case "end": {
				const run = [...this.live.keys()][act.which];
				if (run !== undefined) this.end(run, act.isFinal);
				break;
			}
			case "unable": {
				const run = [...this.live.keys()][act.which];
				if (run === undefined) break;
				const { n, isAborted } = this.live.get(run) as { n: number; isAborted: boolean };
				if (!isAborted) this.returned.add(n);
				this.live.delete(run);
				this.tell({ type: "unable", run });
				break;
			}
			case "hint": {
				const lease = this.leases.get(act.id) as Lease;
				lease.isOver = true;
				this.tell({ type: "lost", domain: PLACE.domain, n: lease.n, token: lease.token });
				break;
			}
			case "carry": {
				const [request] = this.requests.splice(act.which, 1);
				if (request !== undefined) this.carry(request, act.arrives, act.returns);
				break;
			}
			case "serve":
				this.tell({ type: "serve", ...PLACE, credit: act.credit });
				break;
			case "offline":
				this.tell({ type: "offline" });
				break;
			case "leave":
				this.tell({ type: "leave", ...PLACE });
				break;
			case "restart":
				this.bench.restart();
				this.live.clear();
				this.requests = [];
				break;
			case "full":
				this.bench.fail(
					...[...this.live.keys()].map((run): InboxEvent => ({ type: "ended", run, outcome: outcomeOf("?", false) })),
					...this.deliveries.map((delivery): InboxEvent => ({ ...delivery, ask: -1 })),
				);
				// Whoever was refused like this is told that it was not executed.
				for (const { n, token } of this.deliveries) if (!this.#wasStarted(n, token)) this.refused.add(`${n} ${token}`);
				break;
			case "pass":
				this.hear(this.bench.wait(act.ms));
		}
	}

	lease(id: string): void {
		const lease = this.leases.get(id) as Lease;
		if (this.pull === undefined || lease.outcome !== undefined) return;
		lease.token++;
		lease.isOver = false;
		this.deliveries.push({
			...{ type: "deliver", ask: 0, ...PLACE, ...this.pull, serial: ++this.serial, low: 0, leaseMs: 45_000 },
			...{ ttlMs: 1_000, attempt: 1, n: lease.n, token: lease.token, sender: "caller@example.org", id },
			...{ delivery: "effectively-once", call: { fn: "dictionary.learn", version: "1.0.0", text: id, digest: id } },
		});
	}

	arrive(delivery: DeliveryEvent): void {
		const ask = ++this.#ask;
		this.#asks.set(ask, delivery);
		this.tell({ ...delivery, ask });
		expect(this.#asks.has(ask), "it is answered").toBe(false);
	}

	end(run: number, isFinal: boolean): void {
		const { n, isAborted } = this.live.get(run) as { n: number; isAborted: boolean };
		const outcome = outcomeOf(`run ${this.bench.process}.${run}`, isFinal);
		this.live.delete(run);
		if (!isAborted) {
			this.outcomes.set(n, [...(this.outcomes.get(n) ?? []), outcome.text]);
			this.recorded.add(n);
		}
		this.tell({ type: "ended", run, outcome });
	}

	carry(request: Request, arrives: boolean, returns: boolean): void {
		const result = arrives ? this.#answer(request) : undefined;
		if (!returns) return;
		this.tell(
			result === undefined
				? { type: "unanswered", request: request.request }
				: { type: "answered", request: request.request, result },
		);
	}

	tell(event: InboxEvent): void {
		this.hear(this.bench.tell(event), event);
	}

	hear(effects: readonly InboxEffect[], event?: InboxEvent): void {
		for (const effect of effects) {
			if (isRequest(effect)) this.requests.push(effect);
			if (effect.type === "answer") {
				const delivery = this.#asks.get(effect.ask);
				expect(this.#asks.delete(effect.ask), "a delivery is answered once").toBe(true);
				if (delivery === undefined || effect.result.is === "taken") continue;
				const { n, token } = delivery;
				const lease = this.leases.get(delivery.id) as Lease;
				if (lease.token === token) lease.isOver = true;
				if (effect.result.refusal.executed !== "no") continue;
				expect(this.#wasStarted(n, token), `${n} ${token} was executed`).toBe(false);
				this.refused.add(`${n} ${token}`);
			} else if (effect.type === "run") {
				const { n, token, run } = effect;
				expect(event?.type).toBe("deliver");
				expect(this.refused, "a delivery that was refused is over").not.toContain(`${n} ${token}`);
				expect(
					[...this.live.values()].map((each) => each.n),
					"two runs side by side",
				).not.toContain(n);
				expect(this.recorded, "it has an outcome").not.toContain(n);
				for (const before of this.started) if (before.n === n) expect(token).toBeGreaterThan(before.token);
				this.started.push({ n, token, process: this.bench.process });
				this.returned.delete(n);
				this.live.set(run, { n, isAborted: false });
			} else if (effect.type === "abort") (this.live.get(effect.run) as { isAborted: boolean }).isAborted = true;
			else if (effect.type === "settle") expect(this.outcomes.get(effect.n)).toContain(effect.outcome.text);
			else if (effect.type === "release") {
				const { n, executed } = effect;
				if (executed === "no") expect(this.returned).toContain(n);
				else expect(this.started.some((each) => each.n === n && each.process < this.bench.process)).toBe(true);
			} else if (effect.type === "pull") {
				const held = effect.held.map(({ n }) => n);
				for (const { n, isAborted } of this.live.values()) expect(held.includes(n)).toBe(!isAborted);
				for (const n of this.recorded) expect(held).toContain(n);
			} else if (effect.type === "dropped") this.recorded.delete(this.#nOf(effect.id));
		}
	}

	#answer(request: Request): LeaseResult {
		const leaseOf = (n: number) => [...this.leases.values()][n - 1] as Lease;
		const conflict: LeaseResult = { is: "refused", refusal: { code: "conflict", message: "no", executed: "unknown" } };
		if (request.type === "pull") {
			const { session, number } = request;
			if (this.pull?.session === session && number < this.pull.number) return conflict;
			if (this.pull?.number !== number || this.pull.session !== session) this.serial = 0;
			this.pull = { session, number };
			return { is: "pulling", leaseMs: 45_000 };
		}
		if (request.type === "renew") {
			const lost = request.items.filter(({ n, token }) => leaseOf(n).token !== token || leaseOf(n).isOver);
			return { is: "renewed", leaseMs: 45_000, isPulling: this.pull !== undefined, lost };
		}
		const lease = leaseOf(request.n);
		if (request.type === "release") {
			if (lease.token === request.token) lease.isOver = true;
			return { is: "released" };
		}
		if (lease.token !== request.token || lease.outcome !== undefined) {
			if (lease.token === request.token && lease.outcome?.text === request.outcome.text) return { is: "recorded" };
			return conflict;
		}
		lease.isOver = true;
		if (request.outcome.code === undefined) lease.outcome = request.outcome;
		// The domain may have it run again from here on, though the inbox does not know that yet.
		return { is: "recorded" };
	}

	#wasStarted(n: number, token: number): boolean {
		return this.started.some((each) => each.n === n && each.token === token);
	}

	#nOf(id: string): number {
		return (this.leases.get(id) as Lease).n;
	}
}

function outcomeOf(text: string, isFinal: boolean): OutcomeText {
	return { text, code: isFinal ? undefined : "internal", executed: "yes" };
}

/** What is done with the calls of a core, whatever was in flight. */
function told(world: World, core: World["bench"]["core"]): readonly string[] {
	const { bench } = world;
	const effects = bench.probe(core, { type: "offline" }, { type: "serve", ...PLACE, credit: 3 });
	return effects
		.map((effect) => {
			const held = effect.type === "pull" ? [...effect.held].sort((a, b) => a.n - b.n) : undefined;
			const items = effect.type === "renew" ? [...effect.items].sort((a, b) => a.n - b.n) : undefined;
			return JSON.stringify({ ...effect, request: undefined, number: undefined, held, items });
		})
		.sort();
}

describe("an inbox in any order of things", () => {
	it("runs nothing that it must not, decides the same after it was recovered, and gets done with everything", () => {
		fc.assert(
			fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
				const world = new World();
				const { bench } = world;
				world.do({ do: "serve", credit: 3 });
				world.do({ do: "carry", which: 0, arrives: true, returns: true });
				for (const each of acts) {
					world.do(each);
					// What the inbox has heard of its outcomes.
					for (const n of world.recorded) if (!isHeld(world, n)) world.recorded.delete(n);
				}

				// What memory and journal say is the same.
				const [one, other] = [told(world, bench.core), told(world, bench.make())];
				expect(one).toEqual(other);

				// From here on nothing is lost.
				bench.restart();
				world.live.clear();
				world.requests = [];
				world.deliveries.length = 0;
				for (const lease of world.leases.values()) lease.isOver = true;
				world.do({ do: "serve", credit: 3 });
				for (let i = 0; i < 50; i++) {
					for (const each of world.requests.splice(0)) world.carry(each, true, true);
					for (const n of world.recorded) if (!isHeld(world, n)) world.recorded.delete(n);
					for (const each of world.deliveries.splice(0)) world.arrive(each);
					for (const run of [...world.live.keys()]) world.end(run, true);
					for (const each of IDS) if ((world.leases.get(each) as Lease).isOver) world.lease(each);
					world.hear(bench.wait(5_000));
				}
				for (const { outcome } of world.leases.values()) expect(outcome).toBeDefined();
				world.hear(bench.wait(11 * MINUTE));
				expect(bench.records.size).toBe(0);
			}),
			{ numRuns: 300 },
		);
	});
});

/** Whether the journal has an outcome of a call that is not the domain's yet. */
function isHeld({ bench }: World, n: number): boolean {
	return [...bench.records].some(([key, body]) => {
		if (key[0] !== "h") return false;
		const head = JSON.parse(Buffer.from(body.subarray(1)).toString()) as { n: number; state: string };
		return head.n === n && head.state === "recorded";
	});
}
