import { createDomain } from "@antiphon/domain";
import { encodeStatisticsRequest } from "@antiphon/protocol";
import { type BusError, createNode, memoryBus, service, set } from "antiphon";
import { expect, it } from "vitest";
import { askDomain } from "./ask-domain.js";
import { pingService } from "./ping-service.js";

const DOMAIN = "fn.example.org";
const work = service("work", "1.0.0", { run: set({}) });
const deadline = { remainingMs: () => 5_000 };

const messageOf = (asked: Promise<unknown>) => asked.then(String, (error: BusError) => error.message);

it("A domain host that says that nobody serves is not said to be away; what is no host is", async () => {
	const bus = memoryBus();
	const access = { admin: [{ allow: "me@example.org" }] };
	await using _domain = await createDomain({ link: bus.link(DOMAIN), access });
	await using other = await createNode({ link: bus.link("plain.example.org") });
	await using worker = await createNode({ link: bus.link("worker@example.org/x") });
	await using me = await createNode({ link: bus.link("me@example.org/x") });
	const served = await worker.serve(work, { run: () => {} }, { domain: DOMAIN });
	await served.drain();
	const payload = encodeStatisticsRequest({ service: "work", fn: undefined, instance: undefined });
	const ask = (domain: string) => messageOf(askDomain(me, domain, { type: "get", payload, timeoutMs: 5_000 }));
	expect(await ask(DOMAIN)).toBe(`nobody serves work@${DOMAIN} at the moment`);
	for (const away of [other.jid.replace(/\/.*/, ""), "nowhere.example.org"]) {
		expect(await ask(away)).toMatch(/Does a domain host run there \(antiphon domain\)\?$/);
	}
});

it("A service that a domain does not know is told from a domain that is away", async () => {
	const bus = memoryBus();
	await using me = await createNode({ link: bus.link("me@example.org/x") });
	const place = { service: "work", domain: DOMAIN };
	expect(await pingService(me, place, deadline)).toMatch(/^fn\.example\.org could not be asked for a service work: /);
	await using _domain = await createDomain({ link: bus.link(DOMAIN), limits: { leaseMs: 1_000 } });
	expect(await pingService(me, place, deadline)).toBe("fn.example.org knows of no service work");
	await using worker = await createNode({ link: bus.link("worker@example.org/x") });
	await worker.serve(work, { run: () => {} }, { domain: DOMAIN, instance: "a" });
	expect(await pingService(me, place, deadline)).toEqual([
		{ instance: "a", jid: "worker@example.org/x", ms: expect.any(Number) },
	]);
});
