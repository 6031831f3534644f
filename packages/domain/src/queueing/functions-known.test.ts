import { type Core, memoryStore, type QueueEffect, type QueueEvent, type Write } from "@antiphon/delivery";
import { expect, it } from "vitest";
import { type DurableService, FunctionsKnown, functionsKept } from "./functions-known.js";

/** What is kept of functions, beside a queue that only counts what it is told. */
async function world(most?: number) {
	const journal = await memoryStore().open("queue");
	const seen: QueueEvent[] = [];
	const said: string[] = [];
	const queue: Core<QueueEvent, QueueEffect> = {
		step(events) {
			seen.push(...events);
			return [];
		},
		wakeUp: () => 7,
		recover: () => {},
	};
	const core = new FunctionsKnown(queue, most);
	const now = { up: 0, calendar: 0 };
	return {
		core,
		seen,
		kept: (service: string) => functionsKept(journal.view, service),
		/** What there was no room for. */
		said,
		async know(...contracts: DurableService[]) {
			const writes: Write[] = [];
			const desk = {
				get: journal.view.get,
				keys: journal.view.keys,
				count: journal.view.count,
				writes,
				put: (...write: Write) => void writes.push(write),
				delete: (key: string) => void writes.push([key, undefined]),
			};
			const events = contracts.map((each) => ({ type: "know" as const, ...each }));
			const effects = core.step([...events, { type: "room", leftBytes: 0 }], now, desk);
			for (const each of effects) {
				if (each.type === "unknown") said.push(`${each.service} ${each.version} above ${each.most}`);
			}
			if (writes.length > 0) await new Promise<void>((resolve) => journal.write(writes, () => resolve()));
			return writes.length;
		},
	};
}

const contract = (service: string, version: string, ...names: string[]): DurableService => ({
	service,
	version,
	functions: names.map((name) => ({ name })),
});

it("The last contract of each major version is kept, the newest first, and what is the queue's goes there", async () => {
	const { know, kept, seen, core } = await world();
	await know(contract("words", "1.0.0", "learn"), contract("words", "12.0.0", "learn"), contract("word", "3.0.0", "a"));
	await know(contract("words", "1.1.0", "learn", "unlearn"));
	expect(kept("words")).toEqual([contract("words", "12.0.0", "learn"), contract("words", "1.1.0", "learn", "unlearn")]);
	expect(kept("word")).toEqual([contract("word", "3.0.0", "a")]);
	expect(kept("wor")).toEqual([]);
	expect(seen.map(({ type }) => type)).toEqual(["room", "room"]);
	expect(core.wakeUp()).toBe(7);
});

it("What has not changed is not written, and what has no durable functions any more is forgotten", async () => {
	const { know, kept } = await world();
	expect(await know(contract("words", "1.0.0", "learn"))).toBe(1);
	expect(await know(contract("words", "1.0.0", "learn"))).toBe(0);
	expect(await know(contract("other", "1.0.0"))).toBe(0);
	await know(contract("words", "1.0.1"));
	expect(kept("words")).toEqual([]);
});

it("Of one service so many major versions are kept; then the lowest goes", async () => {
	const { know, kept } = await world();
	for (let major = 1; major <= 10; major++) await know(contract("words", `${major}.0.0`, "learn"));
	expect(kept("words").map(({ version }) => version)).toEqual([10, 9, 8, 7, 6, 5, 4, 3].map((major) => `${major}.0.0`));
});

it("What there is no room for is said, and not kept; what is known already may change, and make room", async () => {
	const { know, kept, said } = await world(2);
	await know(contract("words", "1.0.0", "learn"));
	await know(contract("maps", "1.0.0", "draw"));
	expect(await know(contract("news", "1.0.0", "print"))).toBe(0);
	expect(said).toEqual(["news 1.0.0 above 2"]);
	expect(kept("news")).toEqual([]);
	await know(contract("maps", "1.1.0", "draw", "fold"));
	await know(contract("news", "1.0.0"));
	expect(said).toHaveLength(1);
	await know(contract("words", "1.0.0"));
	await know(contract("news", "1.0.0", "print"));
	expect(said).toHaveLength(1);
	expect(kept("news")).toEqual([contract("news", "1.0.0", "print")]);
});
