import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joined } from "node:path";
import { type MemoryBus, memoryBus } from "@antiphon/link";
import { NS, presence as presenceStanza, quietLog } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { service, set } from "antiphon";
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { Registry } from "../registry/registry.js";
import { StateFile } from "../state-file.js";
import { host, join, NAME, untilTheEnd } from "../testing/bus.js";

const RENEWAL_MS = 5_000;
const TO = `dictionary@${NAME}`;
const ALICE = "alice@home.example";
const CONCURRENCY = 2;
const dictionary = service("dictionary", "1.0.0", { learn: set({}) });

const toFake = ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] as const;
beforeEach(() => void vi.useFakeTimers({ toFake: [...toFake] }));
afterEach(() => void vi.useRealTimers());

/** Time passes, in steps after which everybody has read what was sent. */
async function pass(ms: number): Promise<void> {
	for (let passed = 0; passed < ms; passed += 250) {
		vi.advanceTimersByTime(250);
		for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
	}
}

const WORKERS = [{ allow: "worker@example.org" }];
/** Alice may call one of two functions. */
const PARTLY = {
	register: WORKERS,
	call: [{ deny: ALICE, to: "dictionary.learn" }, { allow: "*" }],
};

/** A domain with one instance of the dictionary, whose calls run until they are told to end. */
async function world() {
	const bus = memoryBus();
	await host(bus, { access: { register: WORKERS, call: [{ allow: "*" }] } });
	const running: (() => void)[] = [];
	const learn = () => new Promise<void>((resolve) => void running.push(resolve));
	const serve = async (instance: string) =>
		(await join(bus, `worker@example.org/${instance}`)).serve(
			dictionary,
			{ learn },
			{ domain: NAME, instance, concurrency: CONCURRENCY },
		);
	await serve("one");
	const client = (await join(bus, "caller@example.org/x")).client(dictionary, { domain: NAME });
	return {
		bus,
		serve,
		begin: () => void client.learn(undefined, { timeoutMs: 600_000 }).catch(() => {}),
		end: () => running.pop()?.(),
	};
}

/** Somebody who has subscribed to the dictionary. @returns what came since it was last asked for */
async function subscriber(bus: MemoryBus): Promise<() => string[]> {
	const { say, seen } = await account(bus);
	say("subscribe", TO);
	await pass(2_000);
	return seen;
}

/** Somebody who says presence. `seen` gives what came since it was last asked for. */
async function account(bus: MemoryBus) {
	const stanzas: Element[] = [];
	const link = untilTheEnd(bus.link("home.example"));
	await link.open({ onState() {}, onStanza: (stanza) => void stanzas.push(stanza) }, { timeoutMs: 1_000 });
	const line = (each: Element) => {
		const state = each.attr("type") ?? each.child("show", NS.client)?.text() ?? "available";
		return `${state}: ${each.child("status", NS.client)?.text() ?? ""}`;
	};
	return {
		say: (type: "subscribe" | "unsubscribe" | "probe", to: string) =>
			link.send(presenceStanza({ from: ALICE, to, type })),
		seen: () => stanzas.splice(0).map(line),
	};
}

it("A subscriber hears how it is at once, and no more while nothing but the running calls change", async () => {
	const { bus, begin, end } = await world();
	const seen = await subscriber(bus);
	expect(seen()).toEqual(["subscribed: ", "available: 1 instance for 2 calls at once"]);
	for (let renewals = 0; renewals < 4; renewals++) {
		begin();
		await pass(RENEWAL_MS);
		// For a moment at its limit.
		if (renewals % 2 === 1) for (let i = 0; i < CONCURRENCY; i++) end();
	}
	expect(seen()).toEqual([]);
});

it("A subscriber hears once that every instance is at its limit, when that lasts, and that there is room again", async () => {
	const { bus, begin, end } = await world();
	const seen = await subscriber(bus);
	seen();
	for (let i = 0; i < CONCURRENCY; i++) begin();
	await pass(6 * RENEWAL_MS);
	expect(seen()).toEqual(["dnd: 1 instance, all at their limit"]);
	for (let i = 0; i < CONCURRENCY; i++) end();
	await pass(6 * RENEWAL_MS);
	expect(seen()).toEqual(["available: 1 instance for 2 calls at once"]);
});

it("A subscriber hears of instances that come, and of one that drains", async () => {
	const { bus, serve } = await world();
	const seen = await subscriber(bus);
	seen();
	const more = await serve("two");
	await pass(1_000);
	expect(seen()).toEqual(["available: 2 instances for 4 calls at once"]);
	void more.drain();
	await pass(1_000);
	expect(seen()).toEqual(["available: 1 instance for 2 calls at once"]);
});

it("However many functions of a service are watched, its instances are looked at once for all of them", async () => {
	const bus = memoryBus();
	await host(bus, { access: { register: WORKERS, call: [{ allow: "*" }] } });
	const names = Array.from({ length: 50 }, (_, i) => `f${i}`);
	const many = service("many", "1.0.0", Object.fromEntries(names.map((name) => [name, set({})])));
	const handlers = Object.fromEntries(names.map((name) => [name, () => {}]));
	await (await join(bus, "worker@example.org/x")).serve(many, handlers as never, { domain: NAME });
	const { say, seen } = await account(bus);
	for (const name of names) say("subscribe", `many.${name}@${NAME}`);
	await pass(1_000);
	expect(seen().filter((line) => line.startsWith("available"))).toHaveLength(50);
	const looked = vi.spyOn(Registry.prototype, "instances");
	onTestFinished(() => looked.mockRestore());
	await pass(2_000);
	expect(looked.mock.calls.length).toBeGreaterThan(0);
	expect(looked.mock.calls.length).toBeLessThan(10);
});

it("Nobody hears of a function that policy keeps from them, whether or not it is served, and that is logged and counted", async () => {
	const bus = memoryBus();
	const lines: string[] = [];
	const sums: string[] = [];
	const log = {
		...quietLog,
		warn: (line: string) => void lines.push(line),
		info: (line: string) => void (line.startsWith("policy") && sums.push(line)),
	};
	const domain = await host(bus, { access: PARTLY, log });
	const { say, seen } = await account(bus);
	const learn = `dictionary.learn@${NAME}`;
	say("subscribe", learn);
	say("subscribe", TO);
	await pass(1_000);
	expect(seen()).toEqual(["unsubscribed: ", "subscribed: ", "unavailable: nobody serves it"]);
	const worker = await join(bus, "worker@example.org/x");
	await worker.serve(dictionary, { learn: () => {} }, { domain: NAME });
	await pass(1_000);
	expect(seen()).toEqual([expect.stringMatching(/^available/)]);
	for (const type of ["subscribe", "probe"] as const) say(type, learn);
	await pass(1_000);
	expect(seen()).toEqual(["unsubscribed: ", "unsubscribed: "]);
	expect(domain.denied).toBe(2);
	expect(lines).toEqual(Array.from({ length: 2 }, () => `refused: ${ALICE} may not see how ${learn} is`));
	await pass(60_000);
	expect(sums).toEqual(["policy has refused 2 in the last minute, 2 since the start"]);
});

it("Who may no longer know is told so instead, and forgotten", async () => {
	const bus = memoryBus();
	const dir = await mkdtemp(joined(tmpdir(), "antiphon-presence-"));
	onTestFinished(() => rm(dir, { recursive: true }));
	const stateFile = joined(dir, "state.json");
	const subscribers = { dictionary: [ALICE], "dictionary.learn": [ALICE], "dictionary.learn.by": [ALICE], "": [ALICE] };
	await writeFile(stateFile, JSON.stringify({ format: 1, owners: {}, subscribers }));
	const { say, seen } = await account(bus);
	const domain = await host(bus, { access: PARTLY, stateFile });
	await pass(1_000);
	expect(seen().sort()).toEqual(
		["unavailable: nobody serves it", "unsubscribed: ", "unsubscribed: ", "available: 0 services"].sort(),
	);
	say("probe", `dictionary.learn@${NAME}`);
	await pass(1_000);
	expect(seen()).toEqual(["unsubscribed: "]);
	await domain.close();
	const { subscribers: left } = JSON.parse(await readFile(stateFile, "utf8")) as { subscribers: unknown };
	expect(left).toEqual({ dictionary: [ALICE], "": [ALICE] });
});

it("Who may no longer know is told so when the rules are replaced", async () => {
	const bus = memoryBus();
	const domain = await host(bus, { access: { call: [{ allow: "*" }] } });
	const { say, seen } = await account(bus);
	for (const local of ["dictionary", "dictionary.learn"]) say("subscribe", `${local}@${NAME}`);
	await pass(10_000);
	seen();
	domain.setAccess(PARTLY);
	await pass(250);
	expect(seen()).toEqual(["unsubscribed: "]);
});

it("A file of subscriptions is not written each time that somebody changes their mind", async () => {
	const bus = memoryBus();
	const dir = await mkdtemp(joined(tmpdir(), "antiphon-presence-"));
	onTestFinished(() => rm(dir, { recursive: true }));
	const stateFile = joined(dir, "state.json");
	const writes = vi.spyOn(StateFile.prototype, "flush");
	onTestFinished(() => writes.mockRestore());
	const { say } = await account(bus);
	const domain = await host(bus, { access: PARTLY, stateFile });
	for (let i = 0; i < 8; i++) {
		say(i % 2 === 0 ? "subscribe" : "unsubscribe", TO);
		await pass(500);
	}
	expect(writes).not.toHaveBeenCalled();
	say("subscribe", TO);
	await pass(250);
	await domain.close();
	const { subscribers } = JSON.parse(await readFile(stateFile, "utf8")) as { subscribers: unknown };
	expect(subscribers).toEqual({ dictionary: [ALICE] });
});

it("Nobody subscribes to what no service or function can be called", async () => {
	const bus = memoryBus();
	const domain = await host(bus, { access: { call: [{ allow: "*" }] } });
	const { say, seen } = await account(bus);
	for (const local of ["dictionary.learn.by", "dictionary.", "-x", "x".repeat(65), "\u0449"])
		say("subscribe", `${local}@${NAME}`);
	await pass(1_000);
	expect(seen()).toEqual(Array.from({ length: 5 }, () => "unsubscribed: "));
	expect(domain.denied).toBe(0);
});

it("A domain tells how many services it has", async () => {
	const bus = memoryBus();
	await host(bus, { limits: { settleMs: 1 } });
	const { say, seen } = await account(bus);
	const worker = await join(bus, "worker@example.org/x");
	const served = worker.serve(dictionary, { learn: () => {} }, { domain: NAME });
	await pass(1_000);
	await served;
	say("subscribe", NAME);
	await pass(1_000);
	expect(seen()).toEqual(["subscribed: ", "available: 1 service"]);
});
