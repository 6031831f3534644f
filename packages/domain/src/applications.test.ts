// What docs/applications.md shows, run: its examples are the regions of this file.
import { memoryBus } from "@antiphon/link";
import { BusError, createNode, get, type Handlers, memoryStore, type Node, service, set } from "antiphon";
import { expect, it } from "vitest";
import { z } from "zod";
import { failure, host, join, NAME, untilTheEnd } from "./testing/bus.js";

// #region contract
const pictures = service("pictures", "1.0.0", {
	size: get({ input: z.object({ id: z.string() }), output: z.object({ bytes: z.number() }) }),
	render: set({ input: z.object({ id: z.string() }) }),
});
// #endregion

const domain = NAME;

/** A domain with a provider and a caller; `rendered` tells which pictures. */
async function world() {
	const bus = memoryBus();
	await host(bus, { access: { register: [{ allow: "worker@example.org" }], call: [{ allow: "*@example.org" }] } });
	const rendered: string[] = [];
	const handlers: Handlers<typeof pictures.functions> = {
		size: ({ id }) => ({ bytes: id.length }),
		render: ({ id }) => void rendered.push(id),
	};
	const node = await join(bus, "worker@example.org/x");
	return { bus, node, handlers, rendered, caller: await join(bus, "me@example.org/y") };
}

it("a provider is an instance with a name, labels and a limit, and callers see it so", async () => {
	const { node, handlers, caller } = await world();
	// #region serve
	const served = await node.serve(pictures, handlers, {
		domain,
		instance: "render-1",
		concurrency: 4,
		labels: { region: "eu", zone: "eu-1a" },
	});
	// #endregion
	// #region client
	const client = caller.client(pictures, { domain, labels: { region: "eu" } });
	await client.$waitFor({ timeoutMs: 5_000 });
	const { bytes } = await client.size({ id: "moon" }, { timeoutMs: 2_000 });
	// #endregion
	expect(bytes).toBe(4);
	const sizes: string[] = [];
	const print = (line: string) => void sizes.push(line);
	// #region pinned
	for (const { name, state, running, concurrency } of await client.$instances()) {
		print(`${name} is ${state} and runs ${running} of ${concurrency}`);
		const pinned = caller.client(pictures, { domain, instance: name });
		await pinned.size({ id: "moon" });
	}
	// #endregion
	expect(sizes).toEqual(["render-1 is available and runs 0 of 4"]);
	expect(served.instance).toBe("render-1");
	expect((await client.$instances())[0]?.labels).toEqual({ region: "eu", zone: "eu-1a" });
});

it("one service can be taken out, and the node goes on", async () => {
	const { node, handlers, caller } = await world();
	const served = await node.serve(pictures, handlers, { domain });
	const client = caller.client(pictures, { domain });
	// #region drain
	await served.drain(); // this service alone; what runs is finished, then it is deregistered
	// #endregion
	await served.drained;
	expect((await failure(client.size({ id: "moon" }))).code).toBe("unavailable");
	const again = await node.serve(pictures, handlers, { domain });
	await client.$waitFor({ timeoutMs: 5_000 });
	expect(await client.size({ id: "sun" })).toEqual({ bytes: 3 });
	// #region drained
	again.drained.then(() => node.drain()); // whoever has it drained: nothing is left to serve
	// #endregion
	await again.drain();
	expect(await node.closed).toBeUndefined();
});

it("whoever catches an error knows whether the call may be made again", async () => {
	const { bus, caller, node, rendered } = await world();
	let calls = 0;
	/** The first to be called dies of it. */
	const provide = (provider: Node) => {
		const render = ({ id }: { id: string }) => {
			if (++calls > 1) return void rendered.push(id);
			void provider.close();
			return new Promise<void>(() => {});
		};
		return provider.serve(pictures, { size: () => ({ bytes: 0 }), render }, { domain });
	};
	await provide(node);
	await provide(await join(bus, "worker@example.org/z"));
	const client = caller.client(pictures, { domain });
	const wasRendered = async (id: string) => rendered.includes(id);
	const render = async (id: string) => {
		// #region again
		try {
			await client.render({ id }, { timeoutMs: 2_000 });
		} catch (error) {
			if (!(error instanceof BusError) || error.executed === "yes") throw error;
			// "no": it has not run. "unknown": nobody knows, so look first.
			if (error.executed === "unknown" && (await wasRendered(id))) return;
			await client.render({ id });
		}
		// #endregion
	};
	await render("moon");
	expect({ calls, rendered }).toEqual({ calls: 2, rendered: ["moon"] });
});

it("calls are kept, and have one outcome", async () => {
	const bus = memoryBus();
	await host(bus, { store: memoryStore() });
	// #region durable
	const orders = service("orders", "1.0.0", {
		place: set({
			input: z.object({ article: z.string() }),
			output: z.object({ number: z.number() }),
			delivery: "effectively-once",
			retry: { attempts: 5 },
		}),
	});
	// #endregion
	/** A table whose rows have unique keys. */
	const table = new Map<string, number>();
	const insertOnce = async (key: string, _article: string) => {
		if (!table.has(key)) table.set(key, table.size + 1);
		return table.get(key) as number;
	};
	// #region effect
	const handlers: Handlers<typeof orders.functions> = {
		// `insert … on conflict do nothing`, and the row that is there then.
		place: async ({ article }, { callId }) => ({ number: await insertOnce(callId, article) }),
	};
	// #endregion
	const [link, store] = [bus.link("shop@example.org"), memoryStore()];
	// #region stores
	const node = await createNode({ link, outbox: store, inbox: store });
	// #endregion
	untilTheEnd(node);
	await (await join(bus, "worker@example.org")).serve(orders, handlers, { domain });
	// #region send
	const { place } = node.client(orders, { domain });
	const { number } = await place({ article: "moon" });
	const callId = await place.send({ article: "sun" }, { key: "invoice-17", expiresMs: 3_600_000 });
	const outcome = await node.outcome(callId);
	// #endregion
	expect([number, outcome]).toEqual([1, { number: 2 }]);
	expect(await place({ article: "sun" }, { key: "invoice-17" })).toEqual({ number: 2 });
	expect([...table.keys()][1]).toBe(`shop@example.org/${callId.split(":")[0]}`);
});

it("a node says how it is", async () => {
	const { node, handlers } = await world();
	await node.serve(pictures, handlers, { domain });
	const seen: string[] = [];
	const tell = (line: string) => void seen.push(line);
	const watching = (async () => {
		// #region health
		for await (const status of node.status()) {
			const { callsIn, refused } = node.stats();
			tell(`${status.state}; ${callsIn} calls run, ${refused} were refused`);
		}
		// #endregion
	})();
	await node.drain();
	await watching;
	expect(seen[0]).toBe("online; 0 calls run, 0 were refused");
	expect(seen.at(-1)).toMatch(/^closed; /);
});
