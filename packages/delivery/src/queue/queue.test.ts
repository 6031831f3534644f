import { describe, expect, it } from "vitest";
import { deliveries, delivery, fault, outcomes, QueueBench, REPLY, WORKER } from "../testing/queue-bench.js";
import { nIn } from "./queue-record.js";

describe("a call from its submit to its end", () => {
	it("is accepted, waits, is leased with a token, settled, told, and forgotten when it was kept as promised", () => {
		const bench = new QueueBench();
		expect(bench.submit("a", { notify: "alice@example.org/desk" }).result).toEqual({ is: "accepted" });
		expect(bench.stateOf("a")).toBe("waiting");
		const { result, effects } = bench.pull();
		expect(result).toEqual({ is: "pulling", leaseMs: 45_000 });
		const leased = delivery(effects);
		expect(leased).toMatchObject({ to: WORKER, n: 1, token: 1, attempt: 1, serial: 1, low: 1, ttlMs: 60_000, id: "a" });
		expect(leased.call.text).toBe("<call>x</call>");
		bench.taken(leased);
		const settled = bench.settle(leased);
		expect(settled.result).toEqual({ is: "recorded" });
		const told = { to: "alice@example.org/desk", id: "a", fn: "dictionary.learn", attempts: 1, outcome: REPLY };
		expect(outcomes(settled.effects)).toEqual([{ type: "outcome", ...told }]);
		expect(bench.stateOf("a")).toBe("settled reply yes");
		bench.wait(86_400_000 - 1);
		expect(bench.stateOf("a")).toBe("settled reply yes");
		bench.wait(1);
		expect(bench.stateOf("a")).toBe("not-found");
		expect([...bench.records.keys()]).toEqual(["m"]);
	});

	it("is leased as it is accepted, in one step, where somebody takes it", () => {
		const bench = new QueueBench();
		bench.pull();
		expect(delivery(bench.submit("a").effects).token).toBe(1);
	});
});

describe("a submit that comes again", () => {
	it("is known, and told its outcome when it asks for that", () => {
		const bench = new QueueBench();
		bench.pull();
		const first = delivery(bench.submit("a").effects);
		expect(bench.submit("a")).toEqual({ result: { is: "known" }, effects: [] });
		bench.settle(first);
		const again = bench.submit("a", { notify: "alice@example.org/b" });
		expect(again.result).toEqual({ is: "known" });
		expect(outcomes(again.effects)[0]?.to).toBe("alice@example.org/b");
	});

	it("with another input is a conflict; of another sender it is another call", () => {
		const bench = new QueueBench();
		bench.submit("a");
		expect(bench.submit("a", { input: "y" }).result).toMatchObject({ is: "refused", refusal: { code: "conflict" } });
		expect(bench.submit("a", { input: "y", sender: "bob@example.org" }).result).toEqual({ is: "accepted" });
	});
});

describe("a call that is put off", () => {
	it("waits when its time has come, by the calendar", () => {
		const bench = new QueueBench();
		bench.pull();
		expect(bench.submit("a", { afterMs: 5_000 }).effects).toEqual([]);
		expect(bench.stateOf("a")).toBe("delayed");
		expect(deliveries(bench.wait(4_999))).toEqual([]);
		expect(delivery(bench.wait(1)).id).toBe("a");
	});

	it("counts the time while nobody was there", () => {
		const bench = new QueueBench();
		bench.submit("a", { afterMs: 5_000 });
		bench.restart(5_000);
		bench.wait(0);
		expect(bench.stateOf("a")).toBe("waiting");
	});

	it("for longer than it is good for is refused", () => {
		const { result } = new QueueBench().submit("a", { afterMs: 2_000, expiresMs: 1_000 });
		expect(result).toMatchObject({ is: "refused", refusal: { code: "invalid-argument", executed: "no" } });
	});
});

describe("a delivery", () => {
	it("that was refused because the instance is full goes back without counting, and to it only after a while", () => {
		const bench = new QueueBench();
		bench.pull();
		const first = delivery(bench.submit("a").effects);
		const { n, token } = first;
		expect(bench.tell({ type: "undelivered", n, token, why: "overloaded", retryAfterMs: 700 })).toEqual([]);
		expect(bench.stateOf("a")).toBe("waiting");
		expect(deliveries(bench.wait(699))).toEqual([]);
		expect(delivery(bench.wait(1))).toMatchObject({ token: 2, attempt: 1, serial: 2, low: 2 });
	});

	it("to nobody goes back without counting, and the instance gets nothing until it pulls", () => {
		const bench = new QueueBench();
		bench.pull();
		const { n, token } = delivery(bench.submit("a").effects);
		bench.tell({ type: "undelivered", n, token, why: "gone" });
		expect(deliveries(bench.wait(60_000))).toEqual([]);
		expect(delivery(bench.pull().effects)).toMatchObject({ token: 2, attempt: 1 });
	});

	it("at least once that nobody acknowledges for 10 s is made elsewhere, and counts", () => {
		const bench = new QueueBench();
		bench.pull();
		const first = delivery(bench.submit("a", { delivery: "at-least-once" }).effects);
		expect(bench.wait(9_999)).toEqual([]);
		const effects = bench.wait(1);
		expect(effects[0]).toMatchObject({ type: "lost", to: WORKER, n: first.n, token: 1 });
		expect(delivery(effects)).toMatchObject({ token: 2, attempt: 2 });
		expect(bench.settle(first).result).toMatchObject({ is: "refused", refusal: { code: "conflict" } });
	});

	it("effectively once that nobody acknowledges may be running, until its lease is over", () => {
		const bench = new QueueBench();
		bench.pull();
		const { n, token } = delivery(bench.submit("a").effects);
		bench.tell({ type: "undelivered", n, token, why: "unknown" });
		expect(bench.wait(44_999)).toEqual([]);
		expect(bench.stateOf("a")).toBe("leased");
		expect(bench.wait(1)).toMatchObject([{ type: "lost" }]);
		expect(bench.stateOf("a")).toBe("delayed");
	});

	it("that was taken is not taken back for an error that comes after", () => {
		const bench = new QueueBench();
		bench.pull();
		const lease = delivery(bench.submit("a").effects);
		bench.taken(lease);
		bench.tell({ type: "undelivered", n: lease.n, token: lease.token, why: "gone" });
		expect(bench.stateOf("a")).toBe("leased");
	});

	it("has in it which of those before are over", () => {
		const bench = new QueueBench();
		bench.pull();
		const [a, b] = ["a", "b"].map((id) => delivery(bench.submit(id).effects));
		bench.taken(b as never);
		expect(delivery(bench.submit("c").effects)).toMatchObject({ serial: 3, low: 1 });
		bench.taken(a as never);
		expect(delivery(bench.submit("d").effects)).toMatchObject({ serial: 4, low: 3 });
	});
});

describe("a lease", () => {
	it("that is renewed begins anew; one that is not its own is lost", () => {
		const bench = new QueueBench();
		bench.pull();
		const lease = delivery(bench.submit("a").effects);
		bench.wait(40_000);
		const { result } = bench.renew([lease, { n: lease.n, token: 7 }]);
		const lost = [{ n: lease.n, token: 7 }];
		expect(result).toEqual({ is: "renewed", leaseMs: 45_000, isPulling: true, lost });
		bench.wait(44_999);
		expect(bench.stateOf("a")).toBe("leased");
		bench.wait(1);
		expect(bench.stateOf("a")).toBe("delayed");
		const another = bench.renew([lease], "w1", "mallory@example.org").result;
		expect(another).toMatchObject({ isPulling: false, lost: [{ n: lease.n, token: 1 }] });
	});

	it("that is over counts, and its token is good until there is another", () => {
		for (const comesInTime of [true, false]) {
			const bench = new QueueBench();
			bench.pull();
			const lease = delivery(bench.submit("a").effects);
			bench.wait(45_000);
			if (!comesInTime) expect(delivery(bench.wait(1_000))).toMatchObject({ token: 2, attempt: 2 });
			expect(bench.settle(lease).result.is).toBe(comesInTime ? "recorded" : "refused");
			expect(bench.stateOf("a")).toBe(comesInTime ? "settled reply yes" : "leased");
		}
	});

	it("that was released unrun does not count, and its token is burnt", () => {
		const bench = new QueueBench();
		bench.pull();
		const lease = delivery(bench.submit("a").effects);
		const released = bench.release(lease, "no", 100);
		expect(released).toEqual({ result: { is: "released" }, effects: [] });
		expect(bench.settle(lease).result).toMatchObject({ refusal: { code: "conflict" } });
		expect(delivery(bench.wait(100))).toMatchObject({ token: 2, attempt: 1 });
	});

	it("that was released as its last run goes on waits itself, and its instance gets others", () => {
		const bench = new QueueBench();
		bench.pull({ credit: 1 });
		const lease = delivery(bench.submit("a").effects);
		bench.submit("b");
		const released = bench.ask({
			...{ type: "release", from: "worker@example.org", n: lease.n, token: lease.token },
			...{ executed: "no", afterMs: 1_000 },
		});
		expect(delivery(released.effects)).toMatchObject({ id: "b" });
		expect(bench.stateOf("a")).toBe("delayed");
		bench.settle(delivery(released.effects));
		expect(deliveries(bench.wait(999))).toEqual([]);
		expect(delivery(bench.wait(1))).toMatchObject({ id: "a", token: 2, attempt: 1 });
	});

	it("whose process has died counts, and its token is burnt", () => {
		const bench = new QueueBench();
		bench.pull();
		const lease = delivery(bench.submit("a").effects);
		bench.release(lease, "unknown");
		expect(bench.stateOf("a")).toBe("delayed");
		expect(bench.settle(lease).result).toMatchObject({ refusal: { code: "conflict" } });
		expect(delivery(bench.wait(1_000))).toMatchObject({ token: 2, attempt: 2 });
	});

	it("of another account cannot be settled, renewed or released", () => {
		const bench = new QueueBench();
		bench.pull();
		const lease = delivery(bench.submit("a").effects);
		const from = "mallory@example.org";
		expect(bench.settle(lease, REPLY, from).result.is).toBe("refused");
		bench.ask({ type: "release", from, n: lease.n, token: lease.token, executed: "no" });
		expect(bench.stateOf("a")).toBe("leased");
	});
});

describe("a pull", () => {
	it("with a higher number takes back what it does not name: what was taken counts, what was not does not", () => {
		const bench = new QueueBench();
		bench.pull();
		const [held, gone, offered] = ["a", "b", "c"].map((id) => delivery(bench.submit(id).effects));
		for (const lease of [held, gone]) bench.taken(lease as never);
		bench.wait(30_000);
		const { effects } = bench.pull({ held: [held as never], credit: 0 });
		expect(effects).toEqual([]);
		expect(["a", "b", "c"].map((id) => bench.stateOf(id))).toEqual(["leased", "delayed", "waiting"]);
		bench.wait(44_999);
		expect(bench.stateOf("a")).toBe("leased");
		expect(bench.settle(offered as never).result.is).toBe("refused");
	});

	it("of before is refused, and a copy changes nothing", () => {
		const bench = new QueueBench();
		bench.pull({ number: 3 });
		const lease = delivery(bench.submit("a").effects);
		bench.taken(lease);
		expect(bench.pull({ number: 2 }).result).toMatchObject({ refusal: { code: "conflict" } });
		expect(bench.pull({ number: 3 })).toMatchObject({ result: { is: "pulling" }, effects: [] });
		expect(bench.stateOf("a")).toBe("leased");
		bench.pull({ session: "s2", number: 1 });
		expect(bench.pull({ number: 4 }).result).toMatchObject({ refusal: { code: "conflict" } });
	});

	it("that is older than a lease takes nothing back, also when the queue has forgotten the newer one", () => {
		const bench = new QueueBench();
		bench.pull({ number: 5 });
		bench.submit("a");
		bench.restart();
		bench.pull({ number: 4 });
		expect(bench.stateOf("a")).toBe("leased");
		bench.pull({ number: 6 });
		expect(bench.stateOf("a")).toBe("delayed");
	});

	it("of another process takes back only what has an inbox that outlives a process", () => {
		for (const inbox of ["memory", "durable"] as const) {
			const bench = new QueueBench();
			bench.pull({ inbox });
			bench.taken(delivery(bench.submit("a").effects));
			bench.pull({ inbox, session: "s2", number: 1 });
			expect(bench.stateOf("a")).toBe(inbox === "durable" ? "delayed" : "leased");
		}
	});

	it("of another process counts what that before may have run, though nobody has heard that it was taken", () => {
		const bench = new QueueBench();
		bench.pull({ inbox: "durable" });
		expect(delivery(bench.submit("a").effects)).toMatchObject({ token: 1, attempt: 1 });
		bench.pull({ inbox: "durable", session: "s2", number: 1 });
		expect(bench.stateOf("a")).toBe("delayed");
		expect(delivery(bench.wait(1_000))).toMatchObject({ token: 2, attempt: 2 });
	});

	it("of another account under the same name takes nothing back", () => {
		const bench = new QueueBench();
		bench.pull({ inbox: "durable" });
		const lease = delivery(bench.submit("a").effects);
		const { effects } = bench.pull({ inbox: "durable", session: "s2", node: "mallory@example.org/a", held: [lease] });
		expect(effects).toMatchObject([{ type: "lost", to: "mallory@example.org/a", n: lease.n }]);
		expect(bench.settle(lease).result).toEqual({ is: "recorded" });
	});

	it("is told which leases it has lost", () => {
		const bench = new QueueBench();
		const { effects } = bench.pull({ held: [{ n: 9, token: 2 }] });
		expect(effects).toEqual([{ type: "lost", to: WORKER, service: "dictionary", instance: "w1", n: 9, token: 2 }]);
	});

	it("gives nothing beyond its credit, and nothing to who is gone", () => {
		const bench = new QueueBench();
		bench.pull({ credit: 2 });
		const leases = ["a", "b", "c"].flatMap((id) => deliveries(bench.submit(id).effects));
		expect(leases).toHaveLength(2);
		bench.tell({ type: "provider-gone", service: "dictionary", instance: "w1" });
		expect(bench.settle(leases[0] as never).effects).toEqual([]);
		expect(delivery(bench.pull({ credit: 2, held: [leases[1] as never] }).effects).id).toBe("c");
	});

	it("is forgotten when the queue starts anew, and leases are not: they are whole again, and no call runs twice for it", () => {
		const bench = new QueueBench();
		bench.pull();
		const lease = delivery(bench.submit("a").effects);
		bench.wait(40_000);
		bench.restart();
		bench.submit("b");
		expect(bench.wait(44_999)).toEqual([]);
		expect(bench.renew([]).result).toMatchObject({ isPulling: false });
		expect(bench.settle(lease).result).toEqual({ is: "recorded" });
		expect(delivery(bench.pull().effects).id).toBe("b");
	});

	it("is asked for after a batch that was not stored", () => {
		const bench = new QueueBench();
		bench.pull();
		bench.fail();
		expect(bench.tell()).toEqual([{ type: "pull-again", to: WORKER, service: "dictionary", instance: "w1" }]);
	});
});

describe("an outcome", () => {
	it("is recorded once: the token that settled a call may say so again, any other is too late", () => {
		const bench = new QueueBench();
		bench.pull();
		const lease = delivery(bench.submit("a").effects);
		bench.settle(lease);
		expect(bench.settle(lease, fault("internal")).result).toEqual({ is: "recorded" });
		expect(bench.stateOf("a")).toBe("settled reply yes");
		for (const ref of [
			{ n: 1, token: 2 },
			{ n: 1, token: 0 },
			{ n: 8, token: 1 },
		]) {
			expect(bench.settle(ref).result).toMatchObject({ refusal: { code: "conflict", executed: "unknown" } });
		}
	});

	it("that is final settles the call", () => {
		const final = [
			fault("fault", { name: "known" }),
			fault("invalid-argument"),
			fault("forbidden"),
			fault("too-large"),
		];
		for (const outcome of final) {
			const bench = new QueueBench();
			bench.pull();
			bench.settle(delivery(bench.submit("a").effects), outcome);
			expect(bench.stateOf("a")).toBe(`settled ${outcome.code} yes`);
		}
	});

	it("that may be better next time is followed by another run, each later, and the last one makes a dead letter", () => {
		for (const outcome of [fault("fault", { name: "busy" }), fault("internal"), fault("deadline-exceeded")]) {
			const bench = new QueueBench();
			bench.pull();
			let lease = delivery(bench.submit("a", { notify: "alice@example.org/x" }).effects);
			for (const backoffMs of [1_000, 2_000]) {
				expect(bench.settle(lease, outcome)).toEqual({ result: { is: "recorded" }, effects: [] });
				expect(bench.settle(lease, outcome).result).toEqual({ is: "recorded" });
				expect(deliveries(bench.wait(backoffMs / 2 - 1))).toEqual([]);
				lease = delivery(bench.wait(backoffMs / 2 + 1));
			}
			expect(lease).toMatchObject({ token: 3, attempt: 3 });
			expect(outcomes(bench.settle(lease, outcome).effects)).toMatchObject([{ attempts: 3, outcome }]);
			expect(bench.ask({ type: "purge", n: 1 }).result).toEqual({ is: "purged" });
		}
	});

	it("of a provider that cannot run it yet is no failure", () => {
		const bench = new QueueBench();
		bench.pull();
		let lease = delivery(bench.submit("a").effects);
		for (let i = 0; i < 5; i++) {
			bench.settle(lease, fault("unimplemented", { executed: "no" }));
			expect(deliveries(bench.wait(9_999))).toEqual([]);
			lease = delivery(bench.wait(1));
			expect(lease.attempt).toBe(1);
		}
	});

	it("does not say that nothing has run if an earlier run may have", () => {
		const bench = new QueueBench();
		bench.pull();
		bench.submit("a");
		const again = delivery(bench.wait(46_000));
		bench.settle(again, fault("forbidden", { executed: "no" }));
		expect(bench.stateOf("a")).toBe("settled forbidden unknown");
	});

	it("is told to nobody who waited before a batch was not stored, or longer than the most that may wait", () => {
		for (const fails of [true, false]) {
			const bench = new QueueBench({ limits: { waiters: 1 } });
			bench.pull();
			const lease = delivery(bench.submit("a", { notify: "alice@example.org/1" }).effects);
			if (fails) bench.fail();
			else bench.submit("b", { notify: "alice@example.org/1" });
			expect(outcomes(bench.settle(lease).effects)).toEqual([]);
		}
	});

	it("is told to who waits for little, however many accounts of a foreign domain wait for much", () => {
		const bench = new QueueBench({ home: "example.org", limits: { waiters: 20 } });
		bench.pull();
		const lease = delivery(bench.submit("a", { notify: "alice@example.org/1" }).effects);
		bench.submit("b", { notify: "alice@example.org/1" });
		for (let i = 0; i < 40; i++) {
			const sender = `m${i}@elsewhere.example`;
			bench.submit("x", { sender, notify: `${sender}/x`, afterMs: 1_000 });
		}
		expect(outcomes(bench.settle(lease).effects)).toMatchObject([{ to: "alice@example.org/1", id: "a" }]);
	});

	it("is told to nobody else, and to nobody who is gone", () => {
		const bench = new QueueBench();
		bench.pull();
		const lease = delivery(bench.submit("a", { notify: "alice@example.org/1" }).effects);
		expect(bench.stateOf("a", "bob@example.org")).toBe("not-found");
		bench.ask({ type: "await", sender: "alice@example.org", id: "a", notify: "alice@example.org/2" });
		bench.tell({ type: "caller-gone", address: "alice@example.org/1" });
		expect(outcomes(bench.settle(lease).effects).map(({ to }) => to)).toEqual(["alice@example.org/2"]);
	});
});

describe("a call that is given up", () => {
	it("has not run if nobody had it, otherwise nobody knows", () => {
		const bench = new QueueBench();
		bench.submit("a");
		const { result: cancelled } = bench.cancel("a");
		expect(cancelled).toMatchObject({ is: "settled", outcome: { code: "cancelled", executed: "no" } });
		expect(cancelled).not.toHaveProperty("isUnknown");
		bench.pull();
		const lease = delivery(bench.submit("b").effects);
		const { result, effects } = bench.cancel("b");
		expect(result).toMatchObject({ is: "settled", outcome: { code: "cancelled", executed: "unknown" } });
		expect(effects).toMatchObject([{ type: "lost", n: lease.n, token: 1 }]);
		expect(bench.settle(lease).result).toMatchObject({ refusal: { code: "conflict" } });
	});

	it("after it was settled keeps its outcome", () => {
		const bench = new QueueBench();
		bench.pull();
		bench.settle(delivery(bench.submit("a").effects));
		expect(bench.cancel("a").result).toMatchObject({ outcome: REPLY });
	});

	it("before it came does not run when it comes, for as long as it may", () => {
		const bench = new QueueBench();
		bench.pull();
		const unknown = { isUnknown: true, outcome: { code: "cancelled", executed: "no" } };
		expect(bench.cancel("a", 86_400_000).result).toMatchObject(unknown);
		expect(bench.cancel("a").result).toMatchObject(unknown);
		bench.wait(86_400_000 + 7_200_000 - 1);
		expect(bench.submit("a", { notify: "alice@example.org/1" })).toMatchObject({
			result: { is: "known" },
			effects: [{ type: "outcome", outcome: { code: "cancelled" } }],
		});
		bench.wait(1);
		expect(bench.stateOf("a")).toBe("not-found");
	});

	it("though it cannot come is not known, and leaves nothing behind", () => {
		const bench = new QueueBench();
		const { result } = bench.ask({ type: "cancel", sender: "mallory@example.org", id: "a", expiresMs: undefined });
		expect(result).toMatchObject({ is: "refused", refusal: { code: "not-found", executed: "unknown" } });
		expect(bench.records.size).toBe(0);
	});

	it("because it has expired is settled then, wherever it is", () => {
		const bench = new QueueBench();
		bench.pull();
		bench.submit("leased", { expiresMs: 20_000, notify: "alice@example.org/1" });
		bench.submit("delayed", { expiresMs: 20_000, afterMs: 20_000 });
		bench.submit("waiting", { expiresMs: 20_000, fn: "dictionary.other", version: "9.0.0" });
		expect(bench.wait(19_999)).toEqual([]);
		const effects = bench.wait(1);
		expect(effects.map(({ type }) => type)).toEqual(["lost", "outcome"]);
		const states = ["leased", "delayed", "waiting"].map((id) => bench.stateOf(id));
		expect(states).toEqual(["unknown", "no", "no"].map((executed) => `settled deadline-exceeded ${executed}`));
	});

	it("is kept for two hours after the last copy of it may come, if that is longer", () => {
		const bench = new QueueBench();
		bench.submit("a", { expiresMs: 10 * 86_400_000 });
		bench.cancel("a");
		bench.wait(10 * 86_400_000 + 7_200_000 - 1);
		expect(bench.stateOf("a")).toBe("settled cancelled no");
		bench.wait(1);
		// That it is forgotten does not say that it has not run.
		expect(bench.ask({ type: "await", sender: "alice@example.org", id: "a" }).result).toMatchObject({
			is: "refused",
			refusal: { code: "not-found", executed: "unknown" },
		});
	});
});

describe("calls with an order key", () => {
	it("run one after the other, in the order in which they were accepted", () => {
		const bench = new QueueBench();
		bench.pull();
		const first = delivery(bench.submit("a", { orderKey: "k" }).effects);
		expect(bench.submit("b", { orderKey: "k" }).effects).toEqual([]);
		expect(bench.submit("c", { orderKey: "k" }).effects).toEqual([]);
		expect(deliveries(bench.submit("d", { orderKey: "other" }).effects)).toHaveLength(1);
		expect(deliveries(bench.submit("e", { orderKey: "k", sender: "bob@example.org" }).effects)).toHaveLength(1);
		expect(["b", "c"].map((id) => bench.stateOf(id))).toEqual(["chained", "chained"]);
		bench.settle(first, fault("internal"));
		expect(bench.stateOf("b")).toBe("chained");
		const again = delivery(bench.wait(1_000));
		expect(again.id).toBe("a");
		const second = delivery(bench.settle(again).effects);
		expect(second.id).toBe("b");
		expect(delivery(bench.settle(second).effects).id).toBe("c");
	});

	it("go on when the first of them is given up, and over the gap of one in the middle", () => {
		const bench = new QueueBench();
		for (const id of ["a", "b", "c"]) bench.submit(id, { orderKey: "k" });
		bench.cancel("b");
		bench.cancel("a");
		expect(delivery(bench.pull().effects).id).toBe("c");
	});

	it("wait for the time of the first, and then for their own", () => {
		const bench = new QueueBench();
		bench.pull();
		bench.submit("a", { orderKey: "k", afterMs: 1_000 });
		bench.submit("b", { orderKey: "k", afterMs: 2_000 });
		const first = delivery(bench.wait(1_000));
		expect(bench.settle(first).effects).toEqual([]);
		expect(delivery(bench.wait(1_000)).id).toBe("b");
	});
});

describe("a dead letter", () => {
	const dead = () => {
		const bench = new QueueBench();
		bench.pull();
		bench.settle(delivery(bench.submit("a", { retry: { attempts: 1 } }).effects), fault("internal"));
		return bench;
	};

	it("is tried again as another call, with its input and a new deadline", () => {
		const bench = dead();
		bench.wait(3_600_000 * 2);
		const { result, effects } = bench.ask({ type: "redrive", n: 1 });
		expect(result).toEqual({ is: "redriven", id: "a-r1", n: 2 });
		const again = delivery(effects);
		expect(again).toMatchObject({ id: "a-r1", attempt: 1, call: { text: "<call>x</call>" } });
		bench.settle(again);
		expect(bench.stateOf("a-r1")).toBe("settled reply yes");
		expect(bench.stateOf("a")).toBe("settled internal yes");
		expect(bench.ask({ type: "redrive", n: 2 }).result).toMatchObject({ refusal: { code: "not-found" } });
	});

	it("is off the list when it is redriven, and it or its call is redriven or purged no second time", () => {
		const bench = dead();
		bench.ask({ type: "redrive", n: 1 });
		expect(bench.ask({ type: "survey" }).result).toMatchObject({ dead: 0, settled: 1, open: 1 });
		const message = "call 1 has been redriven: it is call 2 now, id a-r1";
		for (const type of ["redrive", "purge"] as const) {
			const refusal = { code: "conflict", message, executed: "no" };
			expect(bench.ask({ type, n: 1 }).result).toEqual({ is: "refused", refusal });
			bench.restart();
		}
		expect(bench.ask({ type: "retry", n: 1 }).result).toMatchObject({
			refusal: { code: "conflict", message: "call 1 has been redriven: it is call 2 now" },
		});
		expect(bench.submit("a").result).toEqual({ is: "known" });
		const both = dead();
		const events = [1, 2].map((ask) => ({ type: "redrive", ask, n: 1 }) as const);
		expect(both.tell(...events)).toMatchObject([
			{ result: { is: "redriven", n: 2 } },
			{ result: { refusal: { message } } },
			{ type: "deliver", id: "a-r1" },
		]);
	});

	it("is known to its handler by the id that it had at first, through any number of redrives and restarts", () => {
		const bench = dead();
		for (const [n, id] of [
			[1, "a-r1"],
			[2, "a-r2"],
			[3, "a-r3"],
		] as const) {
			bench.pull({ credit: 0 });
			expect(bench.ask({ type: "redrive", n }).result).toEqual({ is: "redriven", id, n: n + 1 });
			bench.restart();
			const again = delivery(bench.pull().effects);
			expect(again).toMatchObject({ id, n: n + 1, origin: "a", attempt: 1, call: { text: "<call>x</call>" } });
			bench.settle(again, fault("internal"));
			expect(bench.ask({ type: "survey" }).result).toMatchObject({ dead: 1, settled: n + 1 });
		}
		const [first] = [...bench.records.keys()].filter((key) => key.startsWith("z"));
		expect(first === undefined ? undefined : nIn(first)).toBe(4);
	});

	it("takes the next id that is free, and one that is not too long", () => {
		const bench = dead();
		bench.submit("a-r1", { retry: { attempts: 1 } });
		expect(bench.ask({ type: "redrive", n: 1 }).result).toMatchObject({ id: "a-r2" });
		const long = "i".repeat(64);
		bench.settle(delivery(bench.submit(long, { retry: { attempts: 1 } }).effects), fault("internal"));
		const { result, effects } = bench.ask({ type: "redrive", n: 4 });
		expect(result).toMatchObject({ id: `${"i".repeat(61)}-r1` });
		expect(delivery(effects)).toMatchObject({ origin: long });
	});

	it("is one again when its new call expires, and none when that is cancelled", () => {
		const expired = dead();
		expired.pull({ credit: 0 });
		expired.ask({ type: "redrive", n: 1 });
		expired.wait(3_600_000);
		expect(expired.stateOf("a-r1")).toBe("settled deadline-exceeded no");
		expect(expired.ask({ type: "survey" }).result).toMatchObject({ dead: 1, open: 0 });
		expect(expired.ask({ type: "redrive", n: 2 }).result).toMatchObject({ is: "redriven", id: "a-r2" });
		expect(delivery(expired.pull().effects)).toMatchObject({ origin: "a", call: { text: "<call>x</call>" } });
		const cancelled = dead();
		cancelled.ask({ type: "redrive", n: 1 });
		cancelled.cancel("a-r1");
		expect(cancelled.ask({ type: "survey" }).result).toMatchObject({ dead: 0, open: 0 });
	});

	it("that was redriven is kept as long as it would have been, without its input", () => {
		const bench = new QueueBench();
		bench.pull();
		const input = "x".repeat(2_000);
		bench.settle(delivery(bench.submit("a", { input, retry: { attempts: 1 } }).effects), fault("internal"));
		const texts = () => [...bench.records.keys()].filter((key) => key.startsWith("b")).map(nIn);
		expect(texts()).toEqual([1]);
		const again = delivery(bench.ask({ type: "redrive", n: 1 }).effects);
		expect(again.call.text).toContain(input);
		expect(texts()).toEqual([2]);
		bench.settle(again);
		expect(texts()).toEqual([]);
		bench.wait(30 * 86_400_000 - 1);
		expect([bench.stateOf("a"), bench.stateOf("a-r1")]).toEqual(["settled internal yes", "not-found"]);
		bench.wait(1);
		expect([...bench.records.keys()]).toEqual(["m"]);
	});

	it("is kept for 30 days, or until it is taken off; its outcome in any case for as long as was promised", () => {
		const bench = dead();
		bench.wait(30 * 86_400_000 - 1);
		expect(bench.stateOf("a")).toBe("settled internal yes");
		bench.wait(1);
		expect(bench.stateOf("a")).toBe("not-found");
		expect([...bench.records.keys()]).toEqual(["m"]);
		const another = dead();
		expect(another.ask({ type: "purge", n: 1 }).result).toEqual({ is: "purged" });
		expect(another.ask({ type: "redrive", n: 1 }).result).toMatchObject({ refusal: { code: "not-found" } });
		another.wait(86_400_000 - 1);
		expect(another.stateOf("a")).toBe("settled internal yes");
		another.wait(1);
		expect([...another.records.keys()]).toEqual(["m"]);
	});

	it("beyond the most that are kept takes the oldest off the list", () => {
		const bench = new QueueBench({ limits: { deadLetters: 2 } });
		bench.pull();
		for (const id of ["a", "b", "c"]) {
			bench.settle(delivery(bench.submit(id, { retry: { attempts: 1 } }).effects), fault("internal"));
		}
		const results = [1, 2, 3].map((n) => bench.ask({ type: "purge", n }).result.is);
		expect(results).toEqual(["refused", "purged", "purged"]);
		expect(bench.stateOf("a")).toBe("settled internal yes");
	});
});
