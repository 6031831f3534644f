import { type Instance, Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Balancer } from "./balancer.js";

/** A random source that gives these numbers in turn. */
function dice(...numbers: number[]): () => number {
	let i = 0;
	return () => numbers[i++ % numbers.length] as number;
}

/** The same numbers every time, spread evenly enough. */
function seeded(): () => number {
	let state = 1;
	return () => {
		state = (state * 48_271) % 2_147_483_647;
		return state / 2_147_483_647;
	};
}

const instance = (name: string, more: Partial<Instance> = {}): Instance => ({
	name,
	jid: Jid.parse(`worker@example.org/${name}`),
	version: "1.0.0",
	state: "available",
	running: 0,
	concurrency: 10,
	labels: {},
	...more,
});

function balancer(instances: Instance[], random = seeded()): Balancer {
	const made = new Balancer(random);
	made.update(instances);
	return made;
}

const keyOf = (balanced: Balancer, name: string) => balanced.pick({ instance: name }, 0)?.key as string;

/** Calls one after the other, each taking the time of its instance; how many went to which. */
function spread(balanced: Balancer, calls: number, tookMs: Record<string, number>): Record<string, number> {
	const counts: Record<string, number> = {};
	const open: { endMs: number; end: () => void }[] = [];
	for (let nowMs = 0; nowMs < calls; nowMs++) {
		for (const call of open.splice(0)) {
			if (call.endMs <= nowMs) call.end();
			else open.push(call);
		}
		const picked = balanced.pick({}, nowMs);
		if (picked === undefined) throw new Error("nothing to pick");
		const { name } = picked.instance;
		counts[name] = (counts[name] ?? 0) + 1;
		const end = picked.begin(nowMs);
		const endMs = nowMs + (tookMs[name] ?? 1);
		open.push({ endMs, end: () => end("answered", endMs) });
	}
	return counts;
}

describe("a balancer", () => {
	it("has nothing to give without instances", () => {
		expect(balancer([]).pick({}, 0)).toBeUndefined();
	});

	it("spreads calls evenly over instances that are alike", () => {
		const counts = spread(balancer([instance("a"), instance("b"), instance("c")]), 3_000, {});
		for (const name of ["a", "b", "c"]) expect(counts[name]).toBeGreaterThan(800);
	});

	it.each([
		["answers slowly", 50],
		["never answers", Number.POSITIVE_INFINITY],
	])("gives little to an instance that %s", (_, tookMs) => {
		const counts = spread(balancer([instance("a"), instance("b"), instance("bad")]), 3_000, { bad: tookMs });
		expect(counts["bad"]).toBeLessThan(100);
		expect(counts["a"]).toBeGreaterThan(1_200);
		expect(counts["b"]).toBeGreaterThan(1_200);
	});

	it("takes the one with less in flight", () => {
		const balanced = balancer([instance("a"), instance("b")], dice(0, 0));
		balanced.pick({}, 0)?.begin(0);
		expect(balanced.pick({}, 0)?.instance.name).toBe("b");
	});

	it("gives less to an instance that says it is busy", () => {
		const balanced = balancer([instance("a", { running: 10 }), instance("b")], dice(0, 0));
		expect(balanced.pick({}, 0)?.instance.name).toBe("b");
	});

	it("leaves one that drains alone, also when it is the only one", () => {
		expect(balancer([instance("a", { state: "draining" })]).pick({}, 0)).toBeUndefined();
	});

	it("leaves one that failed alone for a while, unless there is no other", () => {
		const balanced = balancer([instance("a"), instance("b")]);
		balanced.pick({ instance: "a" }, 0)?.begin(0)("silent", 10);
		for (let i = 0; i < 20; i++) expect(balanced.pick({}, 500)?.instance.name).toBe("b");
		expect(balanced.pick({ except: new Set([keyOf(balanced, "b")]) }, 500)?.instance.name).toBe("a");
		const later = Array.from({ length: 20 }, () => balanced.pick({}, 1_500)?.instance.name);
		expect(later).toContain("a");
	});

	it("pins a call to an instance", () => {
		const balanced = balancer([instance("a"), instance("b")]);
		expect(balanced.pick({ instance: "b" }, 0)?.instance.name).toBe("b");
		expect(balanced.pick({ instance: "c" }, 0)).toBeUndefined();
	});

	it("takes those with more of the labels, and others when those cannot", () => {
		const labels = { region: "eu", zone: "eu-1" };
		const balanced = balancer([
			instance("far", { labels: { region: "us" } }),
			instance("near", { labels: { region: "eu", zone: "eu-2" } }),
			instance("here", { labels }),
		]);
		const pick = (...except: string[]) => {
			const set = new Set(except.map((name) => keyOf(balanced, name)));
			return balanced.pick({ labels, except: set }, 0)?.instance.name;
		};
		expect(pick()).toBe("here");
		expect(pick("here")).toBe("near");
		expect(pick("here", "near")).toBe("far");
		balanced.pick({ instance: "here" }, 0)?.begin(0)("silent", 0);
		expect(balanced.pick({ labels }, 1)?.instance.name).toBe("near");
	});

	it("takes an instance that went and came again for another one, which has not failed and was not tried", () => {
		const balanced = balancer([instance("a"), instance("b")]);
		const key = keyOf(balanced, "a");
		balanced.update([instance("a", { running: 1 })]);
		expect(keyOf(balanced, "a")).toBe(key);
		expect(balanced.pick({ except: new Set([key]) }, 0)).toBeUndefined();
		balanced.update([]);
		balanced.update([instance("a")]);
		expect(balanced.pick({ except: new Set([key]) }, 0)?.instance.name).toBe("a");
	});

	it("keeps what it has seen of an instance when the others change", () => {
		const balanced = balancer([instance("a"), instance("b")], dice(0, 0));
		balanced.pick({ instance: "a" }, 0)?.begin(0);
		balanced.update([instance("a", { running: 1 }), instance("c")]);
		expect(balanced.pick({}, 0)?.instance.name).toBe("c");
		expect(balanced.size).toBe(2);
	});
});
