// What docs/guarantees.md shows, run: its examples are the regions of this file.
import { memoryBus } from "@antiphon/link";
import { type Handlers, memoryStore, service, set } from "antiphon";
import { expect, it } from "vitest";
import { z } from "zod";
import { host, join, NAME } from "./testing/bus.js";

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
