import { type MemoryBus, memoryBus } from "@antiphon/link";
import { NS, presence as presenceStanza } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { service, set } from "antiphon";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
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

/** A domain with one instance of the dictionary, whose calls run until they are told to end. */
async function world() {
	const bus = memoryBus();
	await host(bus, { access: { register: [{ allow: "worker@example.org" }], call: [{ allow: "*" }] } });
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
	const seen: Element[] = [];
	const link = untilTheEnd(bus.link("home.example"));
	await link.open({ onState() {}, onStanza: (stanza) => void seen.push(stanza) }, { timeoutMs: 1_000 });
	link.send(presenceStanza({ from: ALICE, to: TO, type: "subscribe" }));
	await pass(2_000);
	const line = (each: Element) => {
		const state = each.attr("type") ?? each.child("show", NS.client)?.text() ?? "available";
		return `${state}: ${each.child("status", NS.client)?.text() ?? ""}`;
	};
	return () => seen.splice(0).map(line);
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
