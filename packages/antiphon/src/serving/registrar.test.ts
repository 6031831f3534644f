import {
	BusError,
	decodeInstanceName,
	decodeRenew,
	encodeGrant,
	encodeRenewed,
	type InstanceName,
	NS,
	type Registration,
} from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failureOf, keepingLog } from "../testing/bus.js";
import { type Registrable, Registrar } from "./registrar.js";

const LEASE_MS = 15_000;

function item(instance: string, busy = { running: 0, draining: false }): Registrable & { grants: number } {
	const registration: Registration = {
		service: "dictionary",
		version: "1.0.0",
		fingerprint: "f".repeat(22),
		instance,
		concurrency: 8,
		labels: {},
	};
	return {
		registration,
		grants: 0,
		heartbeat: () => ({
			service: "dictionary",
			instance,
			state: busy.draining ? "draining" : "available",
			running: busy.running,
		}),
		onGrant() {
			this.grants++;
		},
	};
}

/** A registrar and a domain that keeps what it is told, by a fake clock. */
function registering({ leaseMs = LEASE_MS } = {}) {
	const known = new Set<string>();
	const asked: string[] = [];
	const renewals: { readonly atMs: number; readonly lines: ReturnType<typeof decodeRenew> }[] = [];
	const log = keepingLog();
	let shown = 0;
	let refuse: ((payload: Element) => BusError | undefined) | undefined;
	let hold: Promise<void> | undefined;
	const answer = (payload: Element) => {
		const keyOf = ({ service, instance }: InstanceName) => `${service}/${instance}`;
		if (payload.name === "renew") {
			const lines = decodeRenew(payload);
			renewals.push({ atMs: Date.now(), lines });
			return encodeRenewed(lines.filter((line) => !known.has(keyOf(line))));
		}
		const name = keyOf(decodeInstanceName(payload));
		if (payload.name === "deregister") {
			known.delete(name);
			return undefined;
		}
		known.add(name);
		return encodeGrant({ leaseMs, access: [] });
	};
	const registrar = new Registrar({
		domain: "fn.example.org",
		log,
		ask: async (payload, atMostMs) => {
			asked.push(payload.name);
			await (hold === undefined ? undefined : within(hold, atMostMs));
			const error = refuse?.(payload);
			if (error !== undefined) throw error;
			return answer(payload);
		},
		showPresence: () => void shown++,
		after: (delayMs, action) => {
			const timer = setTimeout(action, delayMs);
			return () => clearTimeout(timer);
		},
	});
	return {
		registrar,
		known,
		asked,
		renewals,
		log,
		shown: () => shown,
		refuses: (how: typeof refuse) => {
			refuse = how;
		},
		/** What is asked now is never answered, what is asked later is. */
		dies: () => {
			hold = new Promise(() => {});
			return () => {
				hold = undefined;
			};
		},
		/** Holds what is asked from now on back. */
		holds: () => {
			let letGo = () => {};
			hold = new Promise((resolve) => {
				letGo = resolve;
			});
			return () => {
				hold = undefined;
				letGo();
			};
		},
	};
}
async function within(promise: Promise<void>, ms = 10_000): Promise<void> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(new BusError("deadline-exceeded", `no answer within ${ms} ms`)), ms);
	});
	await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
const away = () => new BusError("unavailable", "the domain is away");
const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
	expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
	vi.useRealTimers();
});

describe("what is registered with a domain", () => {
	it("shows itself once, registers, and renews three times in a lease with what it is busy with", async () => {
		const { registrar, renewals, shown } = registering();
		const busy = { running: 0, draining: false };
		await registrar.add(item("a", busy));
		await registrar.add(item("b"));
		expect(shown()).toBe(1);
		busy.running = 3;
		const startedMs = Date.now();
		await passes(LEASE_MS);
		expect(renewals.map(({ atMs }) => atMs - startedMs)).toEqual([5_000, 10_000, 15_000]);
		expect(renewals[0]?.lines).toEqual([
			{ service: "dictionary", instance: "a", state: "available", running: 3 },
			{ service: "dictionary", instance: "b", state: "available", running: 0 },
		]);
	});

	it("is renewed in time while more and more is added", async () => {
		const { registrar, renewals } = registering();
		for (let i = 0; i < 100; i++) {
			await registrar.add(item(`worker-${i}`));
			await passes(LEASE_MS / 50);
		}
		expect(renewals.length).toBeGreaterThanOrEqual(5);
	});

	it("is not kept when the domain refuses it, and one name is registered once", async () => {
		const { registrar, asked, refuses } = registering();
		refuses(() => new BusError("forbidden", "no"));
		expect(await failureOf(registrar.add(item("a")))).toMatchObject({ code: "forbidden" });
		await passes(10 * LEASE_MS);
		expect(asked).toEqual(["register"]);
		refuses(undefined);
		await registrar.add(item("a"));
		expect(await failureOf(registrar.add(item("a")))).toMatchObject({ code: "conflict" });
	});

	it("registers again what a restarted domain does not know", async () => {
		const { registrar, known, asked, log } = registering();
		const [a, b] = [item("a"), item("b")];
		await registrar.add(a);
		await registrar.add(b);
		known.clear();
		known.add("dictionary/b");
		await passes(5_000);
		expect(known.size).toBe(2);
		expect([a.grants, b.grants]).toEqual([2, 1]);
		expect(asked).toEqual(["register", "register", "renew", "register"]);
		expect(log.lines).toEqual(["info registered with fn.example.org again"]);
	});

	it("is asked for again with growing delays while the domain is away, and says so once", async () => {
		const { registrar, renewals, refuses, log, asked } = registering();
		await registrar.add(item("a"));
		refuses(away);
		await passes(60_000);
		// 5,000 to the first, then 500, 1,000, 2,000, 4,000, and never more than a third of the lease.
		expect(asked.length).toBe(1 + 1 + 4 + 9);
		expect(log.lines).toHaveLength(1);
		refuses(undefined);
		await passes(5_000);
		expect(renewals).toHaveLength(1);
		expect(log.lines[1]).toBe("info registered with fn.example.org again");
	});

	it("says once that it is registered again, after the domain forgot it and after the link was lost", async () => {
		const { registrar, known, log } = registering();
		for (const name of ["a", "b"]) await registrar.add(item(name));
		await passes(5_000);
		expect(log.lines).toEqual([]);
		known.clear();
		await passes(5_000);
		expect(log.lines).toEqual(["info registered with fn.example.org again"]);
		registrar.onOnline();
		await passes(5_000);
		expect(log.lines).toHaveLength(2);
	});

	it("keeps the others registered while one is refused, and is refused seldom", async () => {
		const { registrar, known, renewals, refuses, asked } = registering();
		for (const name of ["a", "b", "c"]) await registrar.add(item(name));
		known.delete("dictionary/a");
		refuses((payload) =>
			payload.name === "register" && payload.attr("instance") === "a" ? new BusError("conflict", "taken") : undefined,
		);
		await passes(60_000);
		const gaps = renewals.map(({ atMs }, i) => atMs - (renewals[i - 1]?.atMs ?? atMs));
		expect(Math.max(...gaps)).toBeLessThanOrEqual(LEASE_MS / 3);
		expect(known).toEqual(new Set(["dictionary/b", "dictionary/c"]));
		expect(asked.filter((name) => name === "register").length).toBeLessThan(25);
	});

	it("is registered again at once when the link is back, also while it was busy with a lost question", async () => {
		const { registrar, known, asked, holds, shown } = registering();
		await registrar.add(item("a"));
		const letGo = holds();
		await passes(5_000);
		expect(asked).toEqual(["register", "renew"]);
		registrar.onOnline();
		known.clear();
		letGo();
		await passes(1);
		expect(known.size).toBe(1);
		expect(shown()).toBe(2);
	});

	it("says at once that an instance drains, also while a renewal is under way", async () => {
		const { registrar, renewals, holds } = registering();
		const busy = { running: 1, draining: false };
		await registrar.add(item("a", busy));
		const letGo = holds();
		await passes(5_000);
		busy.draining = true;
		registrar.renewNow();
		letGo();
		await passes(1);
		expect(renewals.map(({ lines }) => lines[0]?.state)).toEqual(["available", "draining"]);
	});

	it("is not kept from a domain that has started again by a renewal that died with the one before", async () => {
		const { registrar, known, dies } = registering();
		await registrar.add(item("a"));
		const isBack = dies();
		await passes(5_000);
		known.clear();
		isBack();
		registrar.renewNow();
		await passes(5_001);
		expect(known).toContain("dictionary/a");
	});

	it("names thousands of instances in renewals that each fit into a stanza", async () => {
		const { registrar, renewals } = registering();
		for (let i = 0; i < 1_100; i++) await registrar.add(item(`worker-${i}`));
		await passes(5_000);
		expect(renewals.flatMap(({ lines }) => lines)).toHaveLength(1_100);
		for (const { lines } of renewals) expect(lines.length).toBeLessThanOrEqual(64);
	});

	it("does not let a domain that grants no time keep it busy", async () => {
		const { registrar, renewals } = registering({ leaseMs: 1 });
		await registrar.add(item("a"));
		await passes(1_000);
		expect(renewals.length).toBeLessThanOrEqual(20);
	});

	it("is taken out, and asks nothing more", async () => {
		const { registrar, known, asked } = registering();
		await registrar.add(item("a"));
		await registrar.remove({ service: "dictionary", instance: "a" });
		expect(known.size).toBe(0);
		await registrar.remove({ service: "dictionary", instance: "a" });
		await passes(10 * LEASE_MS);
		expect(asked).toEqual(["register", "deregister"]);
	});

	it("is taken out for good when that happens while it is being registered again", async () => {
		const { registrar, known, holds } = registering();
		await registrar.add(item("a"));
		known.clear();
		registrar.onOnline();
		await passes(0);
		const letGo = holds();
		known.clear();
		await passes(5_000);
		const removed = registrar.remove({ service: "dictionary", instance: "a" });
		letGo();
		await removed;
		await passes(10 * LEASE_MS);
		expect(known.size).toBe(0);
	});

	it("asks nothing after its end", async () => {
		const { registrar, asked } = registering();
		await registrar.add(item("a"));
		registrar.stop();
		registrar.onOnline();
		registrar.renewNow();
		await passes(10 * LEASE_MS);
		expect(asked).toEqual(["register"]);
	});

	it("takes an answer that is none for trouble, not for success", async () => {
		const { registrar } = registering();
		const broken = new Registrar({
			domain: "fn.example.org",
			log: keepingLog(),
			ask: async () => xml("something", NS.registry),
			showPresence: () => {},
			after: () => () => {},
		});
		expect(await failureOf(broken.add(item("a")))).toMatchObject({ code: "protocol" });
		registrar.stop();
	});
});
