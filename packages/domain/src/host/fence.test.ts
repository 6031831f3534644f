import type { Hosting } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Fence, TICK_MS } from "./fence.js";

/** A small generator with a seed (mulberry32). */
function randomOf(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Picks which of the connected hosts a stanza for the domain is given to. */
type Server = (connected: readonly Fence[], random: () => number) => Fence | undefined;
const anyone: Server = (connected, random) => connected[Math.floor(random() * connected.length)];
const oldest: Server = (connected) => connected[0];
const newest: Server = (connected) => connected.at(-1);
const nobody: Server = () => undefined;

/**
 * Hosts of one domain at a server, by a clock of their own. One that leaves is no longer connected.
 * @param delayMs what a stanza takes to come back
 */
function world(server: Server, seed = 1, delayMs = 0) {
	const random = randomOf(seed);
	const connected: Fence[] = [];
	const deaf = new Set<Fence>();
	const inFlight: { readonly said: Hosting; readonly dueMs: number }[] = [];
	let nowMs = 1_000_000;
	let sent = 0;
	const look = () => {
		for (const fence of [...connected]) if (fence.conflict) connected.splice(connected.indexOf(fence), 1);
	};
	const send = (all: readonly Hosting[]) => {
		for (const said of all) inFlight.push({ said, dueMs: nowMs + delayMs });
	};
	const deliver = () => {
		while (inFlight[0] !== undefined && inFlight[0].dueMs <= nowMs) {
			const { said } = inFlight.shift() as (typeof inFlight)[number];
			sent++;
			const to = server(connected, random);
			if (to !== undefined && !deaf.has(to)) send(to.take(said, nowMs));
			look();
		}
	};
	return {
		sent: () => sent,
		host(id: string): Fence {
			const fence = new Fence(id, "fn.example.org");
			connected.push(fence);
			return fence;
		},
		/** Their links come up, in one moment. */
		online(...fences: Fence[]) {
			for (const fence of fences) send(fence.online(nowMs));
			deliver();
		},
		cut: (fence: Fence) => void connected.splice(connected.indexOf(fence), 1),
		back(fence: Fence) {
			connected.push(fence);
			this.online(fence);
		},
		standsStill: (fence: Fence) => void deaf.add(fence),
		passes(ms: number) {
			for (let passed = 0; passed < ms; passed += TICK_MS) {
				nowMs += TICK_MS;
				for (const fence of [...connected]) if (!deaf.has(fence)) send(fence.tick(nowMs));
				look();
				deliver();
			}
		},
	};
}
const SEEDS = Array.from({ length: 200 }, (_, i) => i);

describe("a fence around a domain", () => {
	it("gives it to a host that is alone, at once, and stays quiet", () => {
		const { host, online, passes, sent } = world(anyone);
		const a = host("a");
		online(a);
		expect(a.isHeld).toBe(true);
		passes(60_000);
		expect(a.isHeld).toBe(true);
		expect(sent()).toBeLessThan(40);
	});

	it.each([400, 600, 1_500, 8_000])("gives it to a host that is alone at a server that takes %i ms", (delayMs) => {
		const { host, online, passes } = world(anyone, 1, delayMs);
		const a = host("a");
		online(a);
		passes(delayMs + TICK_MS);
		expect(a.isHeld).toBe(true);
		passes(120_000);
		expect([a.isHeld, a.conflict]).toEqual([true, undefined]);
	});

	it("keeps it for the older at a slow server, too", () => {
		for (const seed of SEEDS) {
			const { host, online, passes } = world(anyone, seed, 1_500);
			const old = host("b");
			online(old);
			passes(20_000);
			const newcomer = host("a");
			online(newcomer);
			passes(15_000);
			expect([old.isHeld, newcomer.isHeld, newcomer.conflict?.code]).toEqual([true, false, "conflict"]);
		}
	});

	it("keeps it for the host that has it, whatever the newcomer is called, where stanzas go to either at random", () => {
		for (const seed of SEEDS) {
			const { host, online, passes } = world(anyone, seed);
			const old = host(seed % 2 === 0 ? "b" : "c");
			online(old);
			passes(seed % 7 === 0 ? 500 : 60_000);
			const newcomer = host(seed % 2 === 0 ? "a" : "d");
			online(newcomer);
			expect(newcomer.isHeld).toBe(false);
			passes(12_000);
			expect([old.isHeld, old.conflict]).toEqual([true, undefined]);
			expect(newcomer.conflict).toMatchObject({ code: "conflict", message: expect.stringContaining("fn.example.org") });
		}
	});

	it("gives it to one of two that come at the same time", () => {
		for (const seed of SEEDS) {
			const { host, online, passes } = world(anyone, seed);
			const both = [host("a"), host("b")];
			online(...both);
			passes(30_000);
			expect(both.map(({ isHeld }) => isHeld)).toEqual([true, false]);
			expect(both.map(({ conflict }) => conflict?.code)).toEqual([undefined, "conflict"]);
		}
	});

	it("keeps it for the older where all goes to the older, and where all goes to the newer", () => {
		for (const server of [oldest, newest]) {
			const { host, online, passes } = world(server);
			const old = host("b");
			online(old);
			passes(20_000);
			const newcomer = host("a");
			online(newcomer);
			passes(15_000);
			expect(old.isHeld).toBe(true);
			expect(newcomer.conflict).toMatchObject({ code: "conflict" });
		}
	});

	it("gives it to nobody beside one that stands still, nor where nothing comes back", () => {
		for (const seed of SEEDS) {
			const { host, online, passes, standsStill } = world(anyone, seed);
			const old = host("b");
			online(old);
			standsStill(old);
			const newcomer = host("a");
			online(newcomer);
			passes(9_500);
			expect([newcomer.isHeld, newcomer.conflict]).toEqual([false, undefined]);
			passes(1_000);
			expect(newcomer.conflict).toMatchObject({ code: "conflict", message: expect.stringContaining("reach") });
		}
		const { host, online, passes } = world(nobody);
		const alone = host("a");
		online(alone);
		passes(11_000);
		expect(alone.conflict).toMatchObject({ code: "conflict" });
	});

	it("takes it back from one that no longer hears itself", () => {
		let hears = true;
		const { host, online, passes } = world((connected) => (hears ? connected[0] : undefined));
		const only = host("a");
		online(only);
		passes(30_000);
		expect(only.isHeld).toBe(true);
		hears = false;
		passes(30_000);
		hears = true;
		passes(11_000);
		expect(only.isHeld).toBe(true);
		hears = false;
		passes(60_000);
		expect(only.conflict).toMatchObject({ code: "conflict" });
	});

	it("asks again when the link was lost: another may have come meanwhile", () => {
		for (const seed of SEEDS) {
			const at = world(anyone, seed);
			const first = at.host("a");
			at.online(first);
			at.passes(60_000);
			at.cut(first);
			const second = at.host("b");
			at.online(second);
			expect(second.isHeld).toBe(true);
			at.passes(1_000);
			at.back(first);
			at.passes(12_000);
			expect([first.conflict?.code, second.isHeld]).toEqual(["conflict", true]);
		}
	});
});
