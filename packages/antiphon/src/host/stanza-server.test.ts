import { IqTable } from "@antiphon/link";
import { iq, message, NS, presence } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { FakeLink, keepingLog } from "../testing/bus.js";
import { Directory } from "./directory.js";
import { handleGet } from "./handle-iq.js";
import type { Incoming } from "./node-host.js";
import { StanzaServer } from "./stanza-server.js";

const PROBE = { ns: "urn:example:probe", name: "probe" } as const;
const payload = xml(PROBE.name, PROBE.ns);
const address = { from: "caller@example.org/x", to: "fake@example.org/x", id: "1" };

function stanzaServer() {
	const link = new FakeLink();
	const log = keepingLog();
	const table = new IqTable({ send: (stanza) => link.send(stanza), maxPending: 1, maxPendingPerPeer: 1 });
	const software = { name: "Probe", version: "1" };
	const query = () => Promise.resolve(undefined);
	const stanzas = new StanzaServer({ link, log, directory: new Directory(), table, software, query });
	return { link, log, stanzas };
}

describe("what a module registers", () => {
	it.each([
		["iq-get", iq("get", address, payload)],
		["iq-set", iq("set", address, payload)],
		["message", message(address, payload)],
		["presence", presence(address, payload)],
	] as const)("handles its kind of stanza, %s, until it is undone", (kind, stanza) => {
		const { stanzas } = stanzaServer();
		const seen: Incoming[] = [];
		stanzas.modules.host.handle(kind, PROBE, (incoming) => seen.push(incoming));
		expect(() => stanzas.modules.host.handle(kind, PROBE, () => {})).toThrow("two handlers");
		stanzas.take(stanza);
		expect(seen.map((incoming) => [incoming.stanza, incoming.from.toString()])).toEqual([[stanza, address.from]]);
		stanzas.modules[Symbol.dispose]();
		stanzas.take(stanza);
		expect(seen.length).toBe(1);
	});

	it("is announced until it is undone", () => {
		const { stanzas } = stanzaServer();
		stanzas.modules.host.feature(PROBE.ns);
		expect(stanzas.modules.host.features).toEqual([PROBE.ns]);
		stanzas.modules[Symbol.dispose]();
		expect(stanzas.modules.host.features).toEqual([]);
	});

	it("cannot be added to a node that is closed", () => {
		const { link, stanzas } = stanzaServer();
		stanzas.modules[Symbol.dispose]();
		stanzas.modules.host.feature(PROBE.ns);
		handleGet(stanzas.modules.host, PROBE, () => payload);
		stanzas.take(iq("get", address, payload));
		expect(stanzas.modules.host.features).toEqual([]);
		expect(link.sent[0]?.child("error", NS.client)?.elements()[0]?.name).toBe("service-unavailable");
	});

	it("is not asked by who has no address that can be answered; the next one is served", () => {
		const { link, stanzas } = stanzaServer();
		const seen: Incoming[] = [];
		stanzas.modules.host.handle("iq-get", PROBE, (incoming) => seen.push(incoming));
		// A server with rules of its own may stamp a resource that RFC 8264 does not allow.
		for (const from of ["caller@example.org/a\u200bb", "caller@example.org/\u{1f469}\u200d\u{1f4bb}", "@"]) {
			stanzas.take(iq("get", { ...address, from }, payload));
			stanzas.take(iq("get", { ...address, from }, xml("unknown", "urn:example:unknown")));
			stanzas.take(iq("result", { ...address, from }));
		}
		expect([seen, link.sent]).toEqual([[], []]);
		stanzas.take(iq("get", address, payload));
		expect(seen).toHaveLength(1);
	});

	it("takes no other handler with it when it throws", () => {
		const { stanzas, log } = stanzaServer();
		stanzas.modules.host.handle("message", PROBE, () => {
			throw new Error("broken");
		});
		stanzas.take(message(address, payload));
		expect(log.lines).toEqual([`error a stanza from ${address.from} could not be handled: broken`]);
	});

	it("answers account by account when it takes turns, so that nobody waits for long answers to others", async () => {
		const { link, stanzas } = stanzaServer();
		stanzas.modules.host.takeTurns(() => "all");
		const asked: string[] = [];
		handleGet(stanzas.modules.host, PROBE, ({ from }) => {
			asked.push(from.local ?? "");
			// Longer than what is worked on in one turn.
			for (const startMs = performance.now(); performance.now() - startMs < 12; );
			return payload;
		});
		const from = (local: string) => stanzas.take(iq("get", { ...address, from: `${local}@example.org/x` }, payload));
		for (let i = 0; i < 4; i++) from("mallory");
		from("alice");
		expect(asked).toEqual(["mallory"]);
		while (link.sent.length < 5) await new Promise((resolve) => setImmediate(resolve));
		expect(asked).toEqual(["mallory", "mallory", "alice", "mallory", "mallory"]);
	});

	it("refuses what would wait behind too much of the same account", () => {
		const { link, log, stanzas } = stanzaServer();
		stanzas.modules.host.takeTurns(() => "all");
		handleGet(stanzas.modules.host, PROBE, () => {
			for (const startMs = performance.now(); performance.now() - startMs < 12; );
			return payload;
		});
		for (let i = 0; i < 600; i++) stanzas.take(iq("get", address, payload));
		const refused = link.sent.filter((stanza) => stanza.attr("type") === "error");
		expect(refused).toHaveLength(600 - 1 - 512);
		expect(refused[0]?.child("error", NS.client)?.elements()[0]?.name).toBe("resource-constraint");
		expect(log.lines).toEqual([
			expect.stringMatching(/^warn caller@example\.org asks for more than can be answered in turn/),
		]);
		stanzas.modules[Symbol.dispose]();
	});

	it("keeps nobody else from hearing of presence when it throws", () => {
		const { stanzas, log } = stanzaServer();
		const heard: string[] = [];
		stanzas.modules.host.onPresence("unavailable", () => {
			throw new Error("broken");
		});
		stanzas.modules.host.onPresence("unavailable", ({ from }) => heard.push(from.toString()));
		stanzas.take(presence({ ...address, type: "unavailable" }));
		expect(heard).toEqual([address.from]);
		expect(log.lines).toEqual([`error presence of ${address.from} could not be handled: broken`]);
	});
});

describe("what the link skipped", () => {
	it("is counted, and said once and not for each", () => {
		const { stanzas, log } = stanzaServer();
		const head = message(address);
		for (let i = 0; i < 100; i++) stanzas.turnedAway.skip({ head, limit: "maxDepth", bytes: 700 });
		stanzas.turnedAway.skip({ head: undefined, limit: "maxAttributes", bytes: 700 });
		expect(stanzas.turnedAway.skipped).toBe(101);
		expect(log.lines).toEqual([expect.stringContaining("caller@example.org/x was skipped (maxDepth)")]);
	});
});
