import { describe, expect, it } from "vitest";
import type { OutcomeText } from "../calls.js";
import { StoreError } from "../journal/journal.js";
import { CoreBench, viewOf } from "../testing/core-bench.js";
import { Inbox, type InboxOptions } from "./inbox.js";
import type {
	DeliveryEvent,
	InboxEffect,
	InboxEvent,
	LeaseResult,
	PullEffect,
	RunEffect,
	SettleEffect,
} from "./inbox-events.js";

const DOMAIN = "fn.example.org";
const PLACE = { domain: DOMAIN, service: "dictionary", instance: "worker-7" };
const MINUTE = 60_000;
const WEEK = 7 * 24 * 60 * MINUTE;

const reply = (text = "<reply/>"): OutcomeText => ({ text, code: undefined, executed: "yes" });
const serve = (credit = 4, place = PLACE): InboxEvent => ({ type: "serve", ...place, credit });
const answered = (request: number, result: LeaseResult): InboxEvent => ({ type: "answered", request, result });
const refused = (code: "conflict" | "overloaded" | "not-found", retryAfterMs?: number): LeaseResult => ({
	...{ is: "refused", refusal: { code, message: "no", executed: "no", retryAfterMs } },
});
const renewed = (lost: readonly { n: number; token: number }[] = [], isPulling = true): LeaseResult => ({
	...{ is: "renewed", leaseMs: 45_000, isPulling, lost },
});

class Bench extends CoreBench<InboxEvent, InboxEffect> {
	#ask = 0;
	serial = 0;
	number = 0;

	constructor(options: Partial<InboxOptions> = {}) {
		super((process) => new Inbox({ isDurable: true, session: `session-${process}`, ...options }));
	}

	get session(): string {
		return `session-${this.process}`;
	}

	/** An instance that pulls. */
	serve(credit = 4, place = PLACE): PullEffect {
		return this.pulled(this.tell(serve(credit, place)));
	}

	/** Answers the pull that is among these. */
	pulled(effects: readonly InboxEffect[]): PullEffect {
		const pull = only(effects, "pull");
		this.number = pull.number;
		this.serial = 0;
		this.tell(answered(pull.request, { is: "pulling", leaseMs: 45_000 }));
		return pull;
	}

	delivery(id: string, more: Partial<DeliveryEvent> = {}): DeliveryEvent {
		return {
			...{ type: "deliver", ask: ++this.#ask, ...PLACE, session: this.session, number: this.number },
			...{ serial: ++this.serial, low: 1, leaseMs: 45_000, ttlMs: 30_000, attempt: 1, n: id.charCodeAt(0), token: 1 },
			...{ sender: "caller@example.org", id, delivery: "effectively-once" },
			call: { fn: "dictionary.learn", version: "1.0.0", text: `<call>${id}</call>`, digest: id },
			...more,
		};
	}

	/** A call that runs. */
	run(id: string, more: Partial<DeliveryEvent> = {}): RunEffect {
		return only(this.tell(this.delivery(id, more)), "run");
	}

	/** A call that has run, and is reported. */
	recorded(id: string, more: Partial<DeliveryEvent> = {}): SettleEffect {
		return only(this.tell({ type: "ended", run: this.run(id, more).run, outcome: reply() }), "settle");
	}

	/** A call that is done with. */
	done(id: string): void {
		this.tell(answered(this.recorded(id).request, { is: "recorded" }));
	}
}

function all<Type extends InboxEffect["type"]>(effects: readonly InboxEffect[], type: Type) {
	return effects.filter((effect): effect is Extract<InboxEffect, { type: Type }> => effect.type === type);
}

function only<Type extends InboxEffect["type"]>(effects: readonly InboxEffect[], type: Type) {
	const [effect, ...others] = all(effects, type);
	expect([effect?.type, others]).toEqual([type, []]);
	return effect as Extract<InboxEffect, { type: Type }>;
}

/** What each delivery was answered with: `taken`, or the code and whether it was executed. */
function answers(effects: readonly InboxEffect[]): string[] {
	return all(effects, "answer").map(({ result }) =>
		result.is === "taken" ? "taken" : `${result.refusal.code} ${result.refusal.executed}`,
	);
}

describe("an instance", () => {
	it("pulls when it is served, with all that it holds, and again when it takes more", () => {
		const bench = new Bench();
		expect(bench.serve()).toEqual({
			...{ type: "pull", request: 1, ...PLACE, credit: 4, session: "session-1", number: 1, inbox: "durable", held: [] },
		});
		bench.run("a");
		bench.recorded("b");
		expect(bench.serve(8)).toMatchObject({
			...{ credit: 8, number: 2 },
			held: [
				{ n: 97, token: 1 },
				{ n: 98, token: 1 },
			],
		});
	});

	it("pulls again when it takes more or fewer for a while, if it is served", () => {
		const bench = new Bench();
		const takes = (credit: number) => bench.tell({ type: "credit", ...PLACE, credit });
		expect(takes(2)).toEqual([]);
		bench.serve();
		bench.run("a");
		expect(bench.pulled(takes(1))).toMatchObject({ credit: 1, number: 2, held: [{ n: 97, token: 1 }] });
		expect(takes(1)).toEqual([]);
		expect(answers(bench.tell(bench.delivery("b")))).toEqual(["overloaded no"]);
		bench.tell({ type: "leave", ...PLACE });
		expect(takes(4)).toEqual([]);
	});

	it("says that its inbox is in memory", () => {
		expect(new Bench({ isDurable: false }).serve().inbox).toBe("memory");
	});

	it("pulls again until that is answered, each time with a higher number", () => {
		const bench = new Bench();
		const first = only(bench.tell(serve()), "pull");
		bench.tell({ type: "unanswered", request: first.request });
		const second = only(bench.wait(500), "pull");
		bench.tell(answered(second.request, refused("not-found")));
		const third = only(bench.wait(1_000), "pull");
		const fourth = only(bench.wait(17_000), "pull");
		expect([first, second, third, fourth].map(({ number }) => number)).toEqual([1, 2, 3, 4]);
		bench.tell(answered(fourth.request, { is: "pulling", leaseMs: 45_000 }));
		expect(all(bench.wait(MINUTE), "pull")).toEqual([]);
	});

	it("renews every 10 s, also when it holds nothing, and in several requests when it holds much", () => {
		const bench = new Bench();
		bench.serve(200);
		expect(all(bench.wait(9_999), "renew")).toEqual([]);
		expect(only(bench.wait(1), "renew").items).toEqual([]);
		const many = Array.from({ length: 130 }, (_, i) => bench.delivery(`call-${i}`, { n: i }));
		bench.tell(...many);
		const renewals = all(bench.wait(10_000), "renew");
		expect(renewals.map(({ items }) => items.length)).toEqual([64, 64, 2]);
		expect(renewals[2]?.items).toEqual([
			{ n: 128, token: 1 },
			{ n: 129, token: 1 },
		]);
	});

	it("renews more often when leases are short, and does not repeat a renewal in between", () => {
		const bench = new Bench();
		const pull = only(bench.tell(serve()), "pull");
		bench.tell(answered(pull.request, { is: "pulling", leaseMs: 8_000 }));
		const renewal = only(bench.wait(2_000), "renew");
		bench.tell({ type: "unanswered", request: renewal.request });
		expect(all(bench.wait(1_999), "renew")).toEqual([]);
		expect(all(bench.wait(1), "renew")).toHaveLength(1);
	});

	it("pulls again when the domain has forgotten it, once", () => {
		const bench = new Bench();
		bench.serve();
		const renewal = only(bench.wait(10_000), "renew");
		const effects = bench.tell(answered(renewal.request, renewed([], false)), { type: "pull-now", ...PLACE });
		bench.pulled(effects);
		bench.pulled(bench.tell({ type: "pull-now", ...PLACE }));
		expect(bench.number).toBe(3);
	});

	it("says nothing while the link is down, and pulls, renews and reports when it is served again", () => {
		const bench = new Bench();
		bench.serve();
		bench.run("a");
		bench.recorded("b");
		bench.tell({ type: "offline" });
		expect(bench.wait(MINUTE)).toEqual([]);
		const effects = bench.tell(serve());
		expect(effects.map(({ type }) => type).sort()).toEqual(["pull", "renew", "settle"]);
	});

	it("takes nothing when it has left, but brings to its end what it has", () => {
		const bench = new Bench();
		bench.serve();
		const { run } = bench.run("a");
		bench.tell({ type: "leave", ...PLACE });
		expect(answers(bench.tell(bench.delivery("b")))).toEqual(["conflict no"]);
		expect(only(bench.wait(10_000), "renew").items).toEqual([{ n: 97, token: 1 }]);
		expect(only(bench.tell({ type: "ended", run, outcome: reply() }), "settle")).toMatchObject({ n: 97 });
		expect(all(bench.wait(MINUTE), "pull")).toEqual([]);
	});

	it("is apart from the others of its node", () => {
		const other = { ...PLACE, instance: "worker-8" };
		const bench = new Bench();
		bench.serve(1);
		const { number } = bench.serve(1, other);
		bench.number = 1;
		const effects = bench.tell(bench.delivery("a"), bench.delivery("b"), bench.delivery("c", { ...other, number }));
		expect(answers(effects)).toEqual(["taken", "overloaded no", "taken"]);
		expect(bench.serve(1, other).held).toEqual([{ n: 99, token: 1 }]);
	});
});

describe("a delivery", () => {
	it("is stored, taken and run", () => {
		const bench = new Bench();
		bench.serve();
		const { session: _, number: __, serial: ___, low: ____, leaseMs: _____, ask, ...delivery } = bench.delivery("a");
		bench.serial = 0;
		expect(bench.tell(bench.delivery("a", { ask }))).toEqual([
			{ type: "answer", ask, result: { is: "taken" } },
			{ ...delivery, type: "run", run: 1 },
		]);
		expect(bench.writes).toHaveLength(1);
	});

	it("is taken again and not run when it is a copy, whatever has become of it", () => {
		const bench = new Bench();
		bench.serve(10);
		const copies = ["a", "b", "c", "d", "e"].map((id) => bench.delivery(id, { token: 2 }));
		const runs = all(bench.tell(...copies), "run");
		const request = only(
			bench.tell({ type: "ended", run: runs[1]?.run as number, outcome: reply() }),
			"settle",
		).request;
		bench.tell(answered(request, { is: "recorded" }));
		bench.tell({ type: "ended", run: runs[2]?.run as number, outcome: reply() });
		bench.tell({ type: "unable", run: runs[3]?.run as number });
		bench.tell({ type: "lost", domain: DOMAIN, n: 101, token: 2 });
		for (let round = 0; round < 2; round++) {
			for (const copy of copies) {
				const effects = bench.tell(copy, { ...copy, token: 1 }, { ...copy, serial: 1_000 + copy.serial });
				expect(answers(effects)).toEqual(["taken", "taken", "taken"]);
				expect(all(effects, "run")).toEqual([]);
			}
			// Nor is it after the instance has pulled anew.
			bench.serve(10);
		}
	});

	it("is a copy as well when all that was known of the call has gone", () => {
		const bench = new Bench();
		bench.serve();
		const delivery = bench.delivery("a");
		const { run } = only(bench.tell(delivery), "run");
		bench.tell({ type: "lost", domain: DOMAIN, n: 97, token: 1 });
		bench.tell({ type: "ended", run, outcome: reply() });
		expect(bench.records.size).toBe(0);
		expect(answers(bench.tell(delivery))).toEqual(["conflict unknown"]);
		expect(answers(bench.tell(bench.delivery("b", { low: 5, serial: 5 }), bench.delivery("c", { serial: 4 })))).toEqual(
			["taken", "conflict unknown"],
		);
	});

	it("is refused when it is for another process, or was sent before the last pull", () => {
		const bench = new Bench();
		bench.serve();
		bench.serve();
		const other = bench.tell(bench.delivery("a", { session: "another" }));
		expect(answers(other)).toEqual(["conflict no"]);
		// The domain does not know this process: it is told again, once.
		const again = only(other, "pull");
		const more = bench.tell(bench.delivery("a", { session: "another" }), bench.delivery("a", { number: 99 }));
		expect(answers(more)).toEqual(["conflict no", "conflict no"]);
		expect(all(more, "pull")).toEqual([]);
		bench.tell(answered(again.request, { is: "pulling", leaseMs: 45_000 }));
		const old = bench.tell(bench.delivery("a", { number: 2 }));
		expect(answers(old)).toEqual(["conflict no"]);
		expect(all(old, "pull")).toEqual([]);
		expect(answers(bench.tell(bench.delivery("a", { number: 3 })))).toEqual(["taken"]);
	});

	it("is refused when the instance has as many as it takes, and a copy of it is not run when there is room", () => {
		const bench = new Bench();
		bench.serve(1);
		bench.done("a");
		const { run } = bench.run("b");
		const delivery = bench.delivery("c");
		const effects = bench.tell(delivery);
		expect(effects).toMatchObject([
			{ result: { refusal: { code: "overloaded", executed: "no", retryAfterMs: 1_000 } } },
		]);
		bench.tell({ type: "ended", run, outcome: reply() });
		expect(answers(bench.tell(delivery))).toEqual(["conflict unknown"]);
		expect(answers(bench.tell(bench.delivery("c", { token: 2 })))).toEqual(["taken"]);
	});

	it("is taken in the place of one whose outcome the domain may have recorded, before it has said so", () => {
		const bench = new Bench();
		bench.serve(1);
		const { request } = bench.recorded("a");
		expect(answers(bench.tell(bench.delivery("b")))).toEqual(["taken"]);
		bench.tell(answered(request, { is: "recorded" }));
		expect(answers(bench.tell(bench.delivery("c")))).toEqual(["overloaded no"]);
	});

	it("is refused when the node has as much as it holds: calls, or bytes of outcomes", () => {
		const calls = new Bench({ limits: { maxHeld: 1 } });
		calls.serve();
		calls.run("a");
		expect(answers(calls.tell(calls.delivery("b")))).toEqual(["overloaded no"]);
		const bytes = new Bench({ limits: { maxOutcomeBytes: 10 } });
		bytes.serve();
		const { request } = bytes.recorded("a");
		expect(answers(bytes.tell(bytes.delivery("b")))).toEqual(["overloaded no"]);
		bytes.tell(answered(request, { is: "recorded" }));
		expect(answers(bytes.tell(bytes.delivery("b", { token: 2 })))).toEqual(["taken"]);
	});

	it("is refused when more is on its way than may be", () => {
		const bench = new Bench({ limits: { maxInFlight: 1 } });
		bench.serve();
		expect(answers(bench.tell(bench.delivery("a"), bench.delivery("b")))).toEqual(["taken", "overloaded no"]);
		expect(answers(bench.tell(bench.delivery("b", { low: 2 })))).toEqual(["taken"]);
	});

	it("is refused while nothing is served", () => {
		const bench = new Bench();
		expect(answers(bench.tell(bench.delivery("a")))).toEqual(["conflict no"]);
		expect(bench.writes).toEqual([]);
	});

	it("of one sender is not that of another with the same id", () => {
		const bench = new Bench();
		bench.serve();
		bench.recorded("a");
		expect(bench.run("a", { sender: "other@example.org", n: 5 })).toMatchObject({ n: 5 });
	});
});

describe("a delivery with a higher token", () => {
	it("is taken and not started again while the call runs, which is reported under it", () => {
		const bench = new Bench();
		bench.serve();
		const { run } = bench.run("a");
		const effects = bench.tell(bench.delivery("a", { token: 2 }));
		expect(effects.map(({ type }) => type)).toEqual(["answer"]);
		expect(answers(effects)).toEqual(["taken"]);
		expect(bench.writes).toHaveLength(1);
		expect(only(bench.tell({ type: "ended", run, outcome: reply() }), "settle")).toMatchObject({ n: 97, token: 2 });
	});

	it("gets the outcome that is recorded, and no second run", () => {
		const bench = new Bench();
		bench.serve();
		const { request } = bench.recorded("a");
		const effects = bench.tell(bench.delivery("a", { token: 2 }));
		expect(effects.map(({ type }) => type)).toEqual(["answer", "settle"]);
		expect(only(effects, "settle")).toMatchObject({ token: 2, outcome: reply() });
		// What the domain says about the older token counts for nothing.
		expect(bench.tell(answered(request, refused("conflict")))).toEqual([]);
		bench.tell(answered(only(effects, "settle").request, { is: "recorded" }));
		expect(all(bench.wait(MINUTE), "settle")).toEqual([]);
	});

	it("is run when the domain has the outcome of the last run and wants another", () => {
		const bench = new Bench();
		bench.serve();
		bench.done("a");
		expect(bench.run("a", { token: 2 })).toMatchObject({ token: 2, run: 2 });
	});

	it("is run when the last one was handed back, which is over then", () => {
		const bench = new Bench();
		bench.serve(1);
		bench.tell({ type: "unable", run: bench.run("a").run });
		expect(bench.run("a", { token: 2 })).toMatchObject({ token: 2, run: 2 });
		expect(all(bench.wait(MINUTE), "release")).toEqual([]);
	});

	it("waits while the run that has lost its lease has not ended: never two side by side", () => {
		const bench = new Bench();
		bench.serve();
		const { run } = bench.run("a");
		expect(only(bench.tell({ type: "lost", domain: DOMAIN, n: 97, token: 1 }), "abort")).toEqual({
			type: "abort",
			run,
		});
		expect(answers(bench.tell(bench.delivery("a", { token: 2 })))).toEqual(["overloaded no"]);
		expect(bench.tell({ type: "ended", run, outcome: reply() })).toEqual([]);
		expect(bench.run("a", { token: 3 })).toMatchObject({ run: 2 });
	});

	it("is what another number is, of a domain that has lost its journal", () => {
		const bench = new Bench();
		bench.serve();
		bench.recorded("a", { n: 900, token: 7 });
		const effects = bench.tell(bench.delivery("a", { n: 1, token: 1 }));
		expect(only(effects, "settle")).toMatchObject({ n: 1, token: 1, outcome: reply() });
		expect(all(effects, "run")).toEqual([]);
	});
});

describe("a run", () => {
	it("is recorded when it ends, and reported until the domain answers", () => {
		const bench = new Bench();
		bench.serve();
		const { run } = bench.run("a");
		const before = bench.records.size;
		const first = only(bench.tell({ type: "ended", run, outcome: reply() }), "settle");
		expect(first).toEqual({ type: "settle", request: first.request, ...PLACE, n: 97, token: 1, outcome: reply() });
		expect(bench.records.size).toBe(before + 1);
		bench.tell({ type: "unanswered", request: first.request });
		const second = only(bench.wait(500), "settle");
		bench.tell(answered(second.request, refused("overloaded", 5_000)));
		expect(all(bench.wait(4_999), "settle")).toEqual([]);
		const third = only(bench.wait(1), "settle");
		expect(all(bench.wait(14_999), "settle")).toEqual([]);
		const fourth = only(bench.wait(3_000), "settle");
		expect(bench.tell(answered(third.request, { is: "recorded" }))).toEqual([]);
		bench.tell(answered(fourth.request, { is: "recorded" }));
		expect(all(bench.wait(MINUTE), "settle")).toEqual([]);
		bench.tell({ type: "offline" });
		expect(bench.tell(serve()).map(({ type }) => type)).toEqual(["pull"]);
	});

	it("ends once", () => {
		const bench = new Bench();
		bench.serve();
		const { run } = bench.run("a");
		bench.tell({ type: "ended", run, outcome: reply() });
		expect(bench.tell({ type: "ended", run, outcome: reply("<other/>") })).toEqual([]);
		expect(bench.tell({ type: "ended", run: 99, outcome: reply() })).toEqual([]);
		expect(bench.tell({ type: "unable", run: 99 })).toEqual([]);
		expect(bench.writes).toEqual([]);
	});

	it("is aborted when a renewal says that its lease is lost, and not when that was an older one", () => {
		const bench = new Bench();
		bench.serve();
		const { run } = bench.run("a");
		bench.tell(bench.delivery("a", { token: 2 }));
		const { request } = only(bench.wait(10_000), "renew");
		expect(all(bench.tell(answered(request, renewed([{ n: 97, token: 1 }]))), "abort")).toEqual([]);
		const next = only(bench.wait(10_000), "renew");
		expect(all(bench.tell(answered(next.request, renewed([{ n: 97, token: 2 }]))), "abort")).toEqual([
			{ type: "abort", run },
		]);
		expect(only(bench.wait(10_000), "renew").items).toEqual([]);
		expect(bench.serve().held).toEqual([]);
	});

	it("keeps its place while it is aborted, until it has ended", () => {
		const bench = new Bench();
		bench.serve(1);
		const { run } = bench.run("a");
		bench.tell({ type: "lost", domain: DOMAIN, n: 97, token: 1 });
		expect(answers(bench.tell(bench.delivery("b")))).toEqual(["overloaded no"]);
		bench.tell({ type: "unable", run });
		expect(answers(bench.tell(bench.delivery("b", { token: 2 })))).toEqual(["taken"]);
	});

	it("is not aborted by a hint about another domain's call, and its record not by any", () => {
		const bench = new Bench();
		bench.serve();
		bench.run("a");
		expect(bench.tell({ type: "lost", domain: "fn.example.com", n: 97, token: 1 })).toEqual([]);
		bench.recorded("b");
		expect(bench.tell({ type: "lost", domain: DOMAIN, n: 98, token: 1 })).toEqual([]);
		expect(bench.writes).toEqual([]);
	});

	it("that could not be started is handed back, executed no, until the domain answers", () => {
		const bench = new Bench();
		bench.serve();
		const effects = bench.tell({ type: "unable", run: bench.run("a").run, retryAfterMs: 700, afterMs: 900 });
		const first = only(effects, "release");
		expect(first).toMatchObject({ ...PLACE, n: 97, token: 1, executed: "no", retryAfterMs: 700, afterMs: 900 });
		bench.tell({ type: "unanswered", request: first.request });
		expect(only(bench.wait(500), "release")).toMatchObject({ afterMs: 900 });
		bench.restart();
		const second = only(bench.tell(serve()), "release");
		expect(second).toMatchObject({ executed: "no", retryAfterMs: 700, afterMs: undefined });
		bench.tell(answered(second.request, { is: "released" }));
		expect(bench.records.size).toBe(0);
	});
});

describe("an outcome", () => {
	it("is dropped, and said to be, when the domain refuses it", () => {
		const bench = new Bench();
		bench.serve();
		const effects = bench.tell(answered(bench.recorded("a").request, refused("conflict")));
		expect(only(effects, "dropped")).toEqual({
			...{ type: "dropped", why: "fenced", ...PLACE, n: 97, token: 1, sender: "caller@example.org", id: "a" },
		});
		expect(bench.records.size).toBe(0);
	});

	it("is dropped when no domain has wanted it for a week", () => {
		const bench = new Bench();
		bench.serve();
		bench.recorded("a");
		bench.tell({ type: "offline" });
		expect(bench.wait(WEEK - 1)).toEqual([]);
		expect(only(bench.wait(1), "dropped")).toMatchObject({ why: "unheard", id: "a" });
		expect(bench.records.size).toBe(0);
	});

	it("is remembered for 10 minutes when it is the domain's, without its text", () => {
		const bench = new Bench();
		bench.serve();
		bench.done("a");
		expect(bench.records.size).toBe(1);
		bench.tell({ type: "offline" });
		bench.wait(10 * MINUTE - 1);
		expect(bench.records.size).toBe(1);
		bench.wait(1);
		expect(bench.records.size).toBe(0);
		expect(bench.core.wakeUp()).toBeUndefined();
	});

	it("is remembered for as many calls as there is room for, the oldest goes first, also after a restart", () => {
		for (const restarts of [true, false]) {
			const bench = new Bench({ limits: { maxDone: 2 } });
			bench.serve();
			const [a, b] = [bench.recorded("a"), bench.recorded("b")];
			bench.tell(answered(b.request, { is: "recorded" }));
			bench.up += 1;
			bench.tell(answered(a.request, { is: "recorded" }));
			if (restarts) bench.restart();
			bench.up += 1;
			bench.serve();
			bench.done("c");
			expect(bench.records.size).toBe(2);
			// Of `b` nothing is known any more.
			expect(answers(bench.tell(bench.delivery("a", { serial: 1 }), bench.delivery("b", { serial: 1 })))).toEqual([
				"taken",
				"conflict unknown",
			]);
		}
	});

	it("is reported though there is no room for it, also after steps that were not stored", () => {
		const bench = new Bench();
		bench.serve();
		const { run } = bench.run("a");
		bench.fail({ type: "ended", run, outcome: reply() });
		bench.pulled(bench.tell());
		expect(only(bench.tell({ type: "ended", run, outcome: reply(), isUnkept: true }), "settle").outcome).toEqual(
			reply(),
		);
		expect(bench.writes).toEqual([]);
		expect(only(bench.tell(bench.delivery("a", { token: 2 })), "settle")).toMatchObject({ token: 2, outcome: reply() });
		bench.fail();
		const { request } = only(bench.tell(), "settle");
		bench.fail(answered(request, { is: "recorded" }));
		const again = only(bench.tell(), "settle");
		expect(again).toMatchObject({ token: 2, outcome: reply() });
		bench.tell(answered(again.request, { is: "recorded" }));
		expect(answers(bench.tell(bench.delivery("a", { token: 2 })))).toEqual(["taken"]);
		bench.tell();
		expect(bench.core.recover(viewOf(bench.records), bench.now)).toBeUndefined();
	});
});

describe("a new process", () => {
	it("does not run again what died with the last one: it is not named in a pull, and handed back", () => {
		const bench = new Bench();
		bench.serve();
		bench.run("a");
		bench.restart();
		expect(bench.tell()).toEqual([]);
		const effects = bench.tell(serve());
		expect(bench.pulled(effects).held).toEqual([]);
		const release = only(effects, "release");
		expect(release).toMatchObject({ n: 97, token: 1, executed: "unknown" });
		expect(answers(bench.tell(bench.delivery("a")))).toEqual(["taken"]);
		bench.tell(answered(release.request, { is: "released" }));
		expect(bench.records.size).toBe(0);
	});

	it("runs what died with the last one when the domain wants it again", () => {
		const bench = new Bench();
		bench.serve(1);
		bench.run("a");
		bench.restart();
		bench.serve(1);
		expect(bench.run("a", { token: 2 })).toMatchObject({ token: 2 });
		expect(all(bench.wait(MINUTE), "release")).toEqual([]);
	});

	it("reports what the last one has recorded, holds it, and renews it", () => {
		const bench = new Bench();
		bench.serve();
		bench.recorded("a");
		bench.restart();
		const effects = bench.tell(serve());
		expect(only(effects, "pull").held).toEqual([{ n: 97, token: 1 }]);
		expect(only(effects, "settle")).toMatchObject({ n: 97, token: 1, outcome: reply() });
	});

	it("reports under the name that the instance had", () => {
		const bench = new Bench();
		bench.serve();
		bench.recorded("a");
		bench.restart();
		const effects = bench.tell(serve(4, { ...PLACE, instance: "worker-8" }));
		expect(only(effects, "pull").held).toEqual([]);
		expect(only(effects, "settle")).toMatchObject({ instance: "worker-7", n: 97 });
		expect(only(effects, "renew")).toMatchObject({ instance: "worker-7", items: [{ n: 97, token: 1 }] });
	});

	it("takes nothing that was sent to the last one", () => {
		const bench = new Bench();
		bench.serve();
		const session = bench.session;
		bench.restart();
		bench.serve();
		expect(answers(bench.tell(bench.delivery("b", { session })))).toEqual(["conflict no"]);
	});

	it("forgets what the last one was giving up", () => {
		const bench = new Bench();
		bench.serve();
		bench.run("a");
		bench.tell({ type: "lost", domain: DOMAIN, n: 97, token: 1 });
		expect(bench.records.size).toBe(1);
		bench.restart();
		expect(bench.core.wakeUp()).toBe(bench.up);
		bench.tell();
		expect(bench.records.size).toBe(0);
	});
});

describe("a step that was not stored", () => {
	it("leaves what runs running, and makes the instance pull anew", () => {
		const bench = new Bench();
		bench.serve();
		const { run } = bench.run("a");
		const lost = bench.delivery("b");
		bench.fail(lost, { type: "lost", domain: DOMAIN, n: 97, token: 1 });
		const pull = bench.pulled(bench.tell());
		expect(pull.held).toEqual([{ n: 97, token: 1 }]);
		// It was answered that it is overloaded: a copy must not run.
		expect(answers(bench.tell(lost))).toEqual(["conflict no"]);
		expect(only(bench.tell({ type: "ended", run, outcome: reply() }), "settle")).toMatchObject({ n: 97 });
		expect(bench.run("c").run).toBeGreaterThan(run + 1);
	});

	it("leaves a run that is aborted in its place", () => {
		const bench = new Bench();
		bench.serve();
		const { run } = bench.run("a");
		bench.tell({ type: "lost", domain: DOMAIN, n: 97, token: 1 });
		bench.fail({ type: "ended", run, outcome: reply() });
		bench.pulled(bench.tell());
		expect(answers(bench.tell(bench.delivery("a", { token: 2 })))).toEqual(["overloaded no"]);
		bench.tell({ type: "ended", run, outcome: reply() });
		expect(bench.run("a", { token: 3 }).token).toBe(3);
	});
});

describe("damage", () => {
	const damaged = (change: (bench: Bench) => void) => {
		const bench = new Bench();
		bench.serve();
		bench.recorded("a");
		change(bench);
		return () => bench.core.recover(viewOf(bench.records), bench.now);
	};
	const keyOfKind = (bench: Bench, kind: string) => [...bench.records.keys()].find((key) => key[0] === kind) as string;

	it.each(["h", "o"])("is loud when a record of kind %s is gone", (kind) => {
		expect(damaged((bench) => bench.records.delete(keyOfKind(bench, kind)))).toThrow(StoreError);
	});

	it("is loud when a record is of a newer version, of another call, or is nothing that this could read", () => {
		const write = (body: string) => (bench: Bench) => bench.records.set(keyOfKind(bench, "h"), Buffer.from(body));
		expect(damaged(write("\x02{}"))).toThrow(/newer Antiphon: its version is 2, and this one reads 1/);
		expect(damaged(write("\x01{"))).toThrow(/not what is written there/);
		expect(damaged(write("\x01{}"))).toThrow(/no call of an inbox/);
		const other = (bench: Bench) => {
			bench.records.set("hother", bench.records.get(keyOfKind(bench, "h")) as Uint8Array);
		};
		expect(damaged(other)).toThrow(/of another call/);
	});
});
