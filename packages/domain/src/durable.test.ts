import { memoryBus } from "@antiphon/link";
import { get, memoryStore, service, set } from "antiphon";
import { expect, it } from "vitest";
import { z } from "zod";
import { failure, host, join, NAME } from "./testing/bus.js";

const ledger = service("ledger", "1.0.0", {
	add: set({ input: z.object({ by: z.number() }), output: z.number(), delivery: "effectively-once" }),
	sum: get({ output: z.number() }),
});

/** A provider that adds up. */
function accountant() {
	const seen: string[] = [];
	let sum = 0;
	const handlers = {
		add: ({ by }: { readonly by: number }, { callId }: { readonly callId: string }) => {
			seen.push(callId);
			sum += by;
			return sum;
		},
		sum: () => sum,
	};
	return { handlers, seen };
}

it("A durable call goes through the domain to a provider, and its outcome comes back", async () => {
	const bus = memoryBus();
	await host(bus, { store: memoryStore() });
	const { handlers, seen } = accountant();
	const worker = await join(bus, "worker@example.org/a");
	await worker.serve(ledger, handlers, { domain: NAME, instance: "one" });
	const client = (await join(bus, "caller@example.org/desk")).client(ledger, { domain: NAME });
	expect(await client.add({ by: 2 })).toBe(2);
	const all = await Promise.all(Array.from({ length: 200 }, () => client.add({ by: 1 })));
	expect(all.sort((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_, i) => i + 3));
	expect(new Set(seen).size).toBe(201);
	expect(await client.sum()).toBe(202);
});

it("A call that was accepted while nobody served it runs when somebody does, behind a restart of the domain", async () => {
	const bus = memoryBus();
	const store = memoryStore();
	const first = await host(bus, { store });
	const { handlers, seen } = accountant();
	const worker = await join(bus, "worker@example.org/a");
	await worker.serve(ledger, handlers, { domain: NAME, instance: "one" });
	await worker.close();
	await expect.poll(() => first.instances).toBe(0);
	const caller = await join(bus, "caller@example.org/desk");
	const callId = await caller.client(ledger, { domain: NAME }).add.send({ by: 5 });
	await first.close();
	await host(bus, { store });
	const again = await join(bus, "worker@example.org/b");
	await again.serve(ledger, handlers, { domain: NAME, instance: "one" });
	// Any process of the account.
	expect(await (await join(bus, "caller@example.org/phone")).outcome(callId)).toBe(5);
	expect(seen).toHaveLength(1);
	// Another account learns nothing of it.
	const other = await join(bus, "mallory@example.org/x");
	expect(await failure(other.outcome(callId))).toMatchObject({ code: "not-found", executed: "unknown" });
});
