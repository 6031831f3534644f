import { memoryBus } from "@antiphon/link";
import { decodeReport, encodeDrain, encodeGrant, encodeReportRequest, NS, resultOf } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { afterEach, describe, expect, it } from "vitest";
import { createNode, type Node } from "../index.js";
import { echoing, failureOf, gate, join, keepingLog, probe } from "../testing/bus.js";

const DOMAIN = "fn.example.org";
const NAME = { service: "probe", instance: "one" };
const REPORT = encodeReportRequest({ ...NAME, fn: undefined });
const DRAIN = encodeDrain(NAME);

const open: Node[] = [];
afterEach(async () => {
	for (const node of open.splice(0)) await node.close();
});

/** A domain that grants everything, and a provider that is registered with it. */
async function registered(handlers: Partial<typeof echoing> = {}) {
	const bus = memoryBus();
	const deregistered = gate();
	const domain = await createNode({
		link: bus.link(DOMAIN),
		modules: [
			(host) => {
				for (const name of ["register", "renew", "deregister"]) {
					host.handle("iq-set", { ns: NS.registry, name }, ({ stanza }) => {
						const access = [{ effect: "allow", who: "*", what: "*" }] as const;
						host.send(resultOf(stanza, name === "register" ? encodeGrant({ leaseMs: 60_000, access }) : undefined));
						if (name === "deregister") deregistered.open();
					});
				}
			},
		],
	});
	open.push(domain);
	const log = keepingLog();
	const provider = await join(bus, "worker@example.org/x", { log });
	await provider.serve(probe, { ...echoing, ...handlers }, { domain: DOMAIN, instance: "one" });
	const caller = await join(bus, "caller@example.org/x");
	const ask = (node: Node, type: "get" | "set", payload = REPORT) => node.query({ type, to: provider.jid, payload });
	return { bus, domain, provider, caller, log, ask, deregistered };
}

describe("the domain of an instance", () => {
	it("learns what its calls came to", async () => {
		const { domain, provider, caller, ask } = await registered({
			echo: ({ word }, ctx) => (word === "?" ? ctx.fail("unknown", { near: [] }) : { text: word }),
		});
		const client = caller.client(probe, { to: provider.jid });
		await client.echo({ word: "a" });
		await failureOf(client.echo({ word: "?" }));
		const [echo, learn, ...others] = decodeReport(await ask(domain, "get"));
		expect(others).toEqual([]);
		expect(echo).toMatchObject({ fn: "echo", calls: 2, errors: 1, running: 0, lastError: { code: "fault" } });
		expect(echo?.durations).toHaveLength(81);
		expect(learn).toMatchObject({ fn: "learn", calls: 0 });
	});

	it("counts a call by what its caller was told, even if the function ends well after that", async () => {
		const held = gate();
		const { domain, provider, caller, ask } = await registered({ learn: () => held.opened });
		const client = caller.client(probe, { to: provider.jid });
		const givingUp = new AbortController();
		const call = failureOf(client.learn({ word: "a" }, { signal: givingUp.signal }));
		const learn = async () => decodeReport(await ask(domain, "get"))[1];
		await expect.poll(learn).toMatchObject({ calls: 0, running: 1 });
		givingUp.abort();
		expect(await call).toMatchObject({ code: "cancelled" });
		// What comes next on this way comes after the message that gives the call up.
		await caller.query({ type: "get", to: provider.jid, payload: xml("ping", NS.ping) });
		held.open();
		await expect.poll(learn).toMatchObject({ calls: 1, errors: 1, running: 0 });
		expect((await learn())?.lastError?.code).toBe("cancelled");
	});

	it("drains it: the answer does not wait for what runs, and a second time changes nothing", async () => {
		const held = gate();
		const { domain, provider, caller, ask, deregistered } = await registered({ learn: () => held.opened });
		const client = caller.client(probe, { to: provider.jid });
		const running = client.learn({ word: "a" });
		await expect.poll(() => provider.stats().callsIn).toBe(1);
		for (let i = 0; i < 2; i++) await expect(ask(domain, "set", DRAIN)).resolves.toBeUndefined();
		expect(await failureOf(client.echo({ word: "a" }))).toMatchObject({ code: "unavailable", executed: "no" });
		held.open();
		await expect(running).resolves.toBeUndefined();
		await deregistered.opened;
	});

	it("is the only one that may ask", async () => {
		const { caller, ask, bus, log, provider } = await registered();
		const other = await join(bus, "other.example.org");
		for (const node of [caller, other]) {
			expect(await failureOf(ask(node, "get"))).toMatchObject({ code: "forbidden" });
			expect(await failureOf(ask(node, "set", DRAIN))).toMatchObject({ code: "forbidden" });
		}
		// A report and a drain, asked by each of the two.
		expect(provider.stats().denied).toBe(4);
		expect(log.lines.join()).toContain(`refused: probe/one is not registered with caller@example.org`);
		await expect(caller.client(probe, { to: provider.jid }).echo({ word: "a" })).resolves.toEqual({ text: "a" });
	});

	it("is nobody where the node owns its domain itself", async () => {
		const bus = memoryBus();
		const provider = await join(bus, DOMAIN);
		await provider.serve(probe, echoing, { instance: "one" });
		const caller = await join(bus, "caller@example.org/x");
		const asked = caller.query({ type: "get", to: DOMAIN, payload: REPORT });
		expect(await failureOf(asked)).toMatchObject({ code: "forbidden" });
	});
});
