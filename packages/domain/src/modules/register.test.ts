import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joined } from "node:path";
import { describe as describeService } from "@antiphon/contract";
import { type Link, memoryBus } from "@antiphon/link";
import { encodeRegister, errorOf, iq, NS, presence, resultOf } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { get, service } from "antiphon";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { failure, host, join, NAME, untilTheEnd } from "../testing/bus.js";

const probe = service("probe", "1.0.0", { ask: get({}) });
const handlers = { ask: () => {} };

it("The last use of a name is stored, and its owner, also one that the configuration fixes", async () => {
	const dir = await mkdtemp(joined(tmpdir(), "antiphon-register-"));
	onTestFinished(() => rm(dir, { recursive: true }));
	const stateFile = joined(dir, "state.json");
	const owners = { probe: "worker@example.org", other: "worker@example.org" };
	const lastUsed = { probe: "2020-01-01", other: "2020-01-01" };
	await writeFile(stateFile, JSON.stringify({ format: 1, owners, lastUsed, subscribers: {} }));
	const bus = memoryBus();
	const domain = await host(bus, { stateFile, owners: { bank: "teller@example.org" } });
	const worker = await join(bus, "worker@example.org/a");
	await worker.serve(probe, handlers, { domain: NAME });
	const bank = service("bank", "1.0.0", { ask: get({}) });
	expect(await failure(worker.serve(bank, handlers, { domain: NAME }))).toMatchObject({ code: "forbidden" });
	await domain.close();
	const stored = JSON.parse(await readFile(stateFile, "utf8")) as { owners: unknown; lastUsed: Record<string, string> };
	expect(stored.owners).toEqual({ ...owners, bank: "teller@example.org" });
	expect(stored.lastUsed["other"]).toBe("2020-01-01");
	expect(stored.lastUsed["probe"]).not.toBe("2020-01-01");
});

it("A session that ends while it is being registered is not there afterwards", async () => {
	const bus = memoryBus();
	const domain = await host(bus);
	const link = bus.link("worker@example.org/ghost");
	const description = describeService(probe);
	const answers: Element[] = [];
	const onStanza = (stanza: Element) => {
		if (stanza.attr("id") === "1") answers.push(stanza);
		if (stanza.child("contract", NS.contract) === undefined) return;
		link.send(presence({ to: NAME, type: "unavailable" }));
		link.send(resultOf(stanza, xml("contract", NS.contract, { enc: "json" }, JSON.stringify(description))));
	};
	await link.open({ onState() {}, onStanza }, { timeoutMs: 1_000 });
	untilTheEnd(link);
	const { fingerprint } = description;
	const registration = { service: "probe", version: "1.0.0", fingerprint, instance: "one", concurrency: 1, labels: {} };
	link.send(iq("set", { id: "1", to: NAME }, encodeRegister(registration)));
	await expect.poll(() => answers.length).toBe(1);
	expect([answers[0]?.attr("type"), domain.instances]).toEqual(["error", 0]);
});

describe("The holder of an instance's name", () => {
	/** A provider that answers pings as it is told, and another one of the same account that wants the name. */
	async function rivals(pong: (ping: Element, link: Link) => void) {
		const bus = memoryBus();
		const domain = await host(bus);
		const link = bus.link("worker@example.org/old");
		const description = describeService(probe);
		const onStanza = (stanza: Element) => {
			if (stanza.child("ping", NS.ping) !== undefined) pong(stanza, link);
			if (stanza.child("contract", NS.contract) === undefined) return;
			link.send(resultOf(stanza, xml("contract", NS.contract, { enc: "json" }, JSON.stringify(description))));
		};
		await link.open({ onState() {}, onStanza }, { timeoutMs: 1_000 });
		untilTheEnd(link);
		const { fingerprint } = description;
		const registration = {
			service: "probe",
			version: "1.0.0",
			fingerprint,
			instance: "one",
			concurrency: 1,
			labels: {},
		};
		link.send(iq("set", { id: "1", to: NAME }, encodeRegister(registration)));
		await expect.poll(() => domain.instances).toBe(1);
		const rival = await join(bus, "worker@example.org/new");
		return { link, serve: () => rival.serve(probe, handlers, { domain: NAME, instance: "one" }) };
	}

	it.each(["feature-not-implemented", "forbidden", "resource-constraint", "internal-server-error"] as const)(
		"is there if it answers, be it with %s",
		async (condition) => {
			const { serve } = await rivals((ping, link) => link.send(errorOf(ping, { condition, type: "cancel" })));
			expect(await failure(serve())).toMatchObject({ code: "conflict" });
		},
	);

	it.each(["service-unavailable", "recipient-unavailable", "item-not-found"] as const)(
		"has gone where its server says %s, and makes room",
		async (condition) => {
			const { serve } = await rivals((ping, link) => link.send(errorOf(ping, { condition, type: "cancel" })));
			await expect(serve()).resolves.toMatchObject({ instance: "one" });
		},
	);

	it("makes room when it does not answer", async () => {
		let isAsked = false;
		const { serve } = await rivals(() => {
			isAsked = true;
		});
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
		onTestFinished(() => void vi.useRealTimers());
		const served = serve();
		await expect.poll(() => isAsked, { timeout: 20_000 }).toBe(true);
		vi.advanceTimersByTime(1_000);
		await expect(served).resolves.toMatchObject({ instance: "one" });
	});
});
