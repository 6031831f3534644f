// What docs/guarantees.md shows, run: its examples are the regions of this file.
import { memoryBus } from "@antiphon/link";
import { decodeOrdered, encodeOrder } from "@antiphon/protocol";
import { type Handlers, memoryStore, service, set } from "antiphon";
import { expect, it } from "vitest";
import { z } from "zod";
import { host, join, NAME } from "./testing/bus.js";
import { Party } from "./testing/party.js";

const bank = service("bank", "1.0.0", {
	transfer: set({
		input: z.object({ to: z.string(), cents: z.number() }),
		output: z.object({ number: z.number() }),
		delivery: "effectively-once",
		retry: { attempts: 3, backoffMs: 1, maxBackoffMs: 1 },
	}),
});

interface Transfer {
	readonly to: string;
	readonly cents: number;
}

/** A table with a unique column, of a database of the application's. */
class Table {
	readonly rows = new Map<string, Transfer & { readonly number: number }>();

	async insertOrFind(callId: string, transfer: Transfer) {
		if (!this.rows.has(callId)) this.rows.set(callId, { ...transfer, number: this.rows.size + 1 });
		return this.rows.get(callId) as { readonly number: number };
	}
}

it("an effect that carries the id of its call is there once, however often the call runs", async () => {
	const bus = memoryBus();
	await host(bus, { store: memoryStore() });
	const transfers = new Table();
	const runs: number[] = [];
	/** As when the process, or what it talks to, dies behind the effect. */
	const print = async () => {
		if (runs.length < 3) throw new Error("the printer is on fire");
	};
	// #region once
	const handlers: Handlers<typeof bank.functions> = {
		async transfer({ to, cents }, { callId, attempt }) {
			runs.push(attempt);
			// insert into transfers (call_id, …) values (…) on conflict (call_id) do nothing; select … where call_id = …
			const { number } = await transfers.insertOrFind(callId, { to, cents });
			// Whatever goes wrong from here on: the next run finds the row, and answers as this one would have.
			await print();
			return { number };
		},
	};
	// #endregion
	await (await join(bus, "worker@example.org")).serve(bank, handlers, { domain: NAME });
	const { transfer } = (await join(bus, "shop@example.org")).client(bank, { domain: NAME });
	expect(await transfer({ to: "alice", cents: 100 })).toEqual({ number: 1 });
	expect(runs).toEqual([1, 2, 3]);
	expect([...transfers.rows.values()]).toEqual([{ to: "alice", cents: 100, number: 1 }]);
});

it("and it is there once when its call has died and is redriven", async () => {
	const bus = memoryBus();
	const admin = [{ allow: "boss@example.org" }];
	const everybody = [{ allow: "*@example.org" }];
	await host(bus, { store: memoryStore(), access: { register: everybody, call: everybody, admin } });
	const transfers = new Table();
	const seen: string[] = [];
	let isOnFire = true;
	const handlers: Handlers<typeof bank.functions> = {
		async transfer(input, { callId }) {
			seen.push(callId);
			const { number } = await transfers.insertOrFind(callId, input);
			if (isOnFire) throw new Error("the printer is on fire");
			return { number };
		},
	};
	await (await join(bus, "worker@example.org")).serve(bank, handlers, { domain: NAME });
	const { transfer } = (await join(bus, "shop@example.org")).client(bank, { domain: NAME });
	await expect(transfer({ to: "alice", cents: 100 })).rejects.toMatchObject({ code: "internal" });
	isOnFire = false;
	const boss = await Party.join(bus, "boss@example.org/desk");
	const [redriven] = decodeOrdered("redrive", await boss.result("set", NAME, encodeOrder("redrive", [1])));
	expect(redriven).toMatchObject({ n: 1, again: { n: 2 } });
	await expect.poll(() => seen.length, { timeout: 30_000 }).toBe(4);
	expect(new Set(seen).size).toBe(1);
	expect(transfers.rows.size).toBe(1);
});
