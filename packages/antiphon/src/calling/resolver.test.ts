import {
	decodeResolve,
	encodeResolution,
	type Instance,
	iq,
	Jid,
	message,
	NS,
	type Resolution,
} from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { FakeLink, failureOf, fakeNode, keepingLog, probe, turn } from "../testing/bus.js";
import { Resolver } from "./resolver.js";

const ADDRESS = Jid.parse("dictionary@fn.example.org");

const instance = (name: string): Instance => ({
	name,
	jid: Jid.parse(`worker@example.org/${name}`),
	version: "1.2.0",
	state: "available",
	running: 0,
	concurrency: 8,
	labels: {},
});
const told = (names: readonly string[], more: Partial<Resolution> = {}): Element =>
	encodeResolution({ service: "dictionary", known: true, watchMs: 60_000, instances: names.map(instance), ...more });

/** A resolver, and a domain that answers as the test says. */
function resolving(answer: () => Element | undefined = () => told(["a"])) {
	const asked: { readonly to: string; readonly payload: Element; readonly timeoutMs: number }[] = [];
	const clock = { nowMs: 1_000_000 };
	const resolver = new Resolver({
		ask: async (to, payload, timeoutMs) => {
			asked.push({ to: to.toString(), payload, timeoutMs });
			return answer();
		},
		now: () => clock.nowMs,
		timeoutMs: 1_000,
	});
	const names = (address = ADDRESS) =>
		resolver
			.view(address)
			.pool.instances()
			.map(({ name }) => name);
	return { resolver, asked, clock, names };
}

describe("what a node knows of services", () => {
	it("is asked of the service's address, once for all clients of it: any version, and changes for a minute", async () => {
		const { resolver, asked, names } = resolving();
		await Promise.all([resolver.view(ADDRESS).ready(), resolver.view(Jid.parse("Dictionary@FN.example.org")).ready()]);
		expect(names()).toEqual(["a"]);
		expect(asked).toHaveLength(1);
		const [{ to, payload, timeoutMs } = expect.fail()] = asked;
		expect({ to, timeoutMs }).toEqual({ to: ADDRESS.toString(), timeoutMs: 1_000 });
		expect(payload.is("resolve", NS.resolve)).toBe(true);
		expect(decodeResolve(payload)).toEqual({ version: undefined, watchMs: 60_000 });
	});

	it.each([
		["nothing", undefined],
		["something else", xml("instances", NS.registry, { watch: "0" })],
		["what another service has", told(["a"], { service: "thesaurus" })],
	])("is not learnt from an answer that is %s", async (_, answer) => {
		const { resolver, names } = resolving(() => answer);
		expect(await failureOf(resolver.view(ADDRESS).ready() as Promise<void>)).toMatchObject({ code: "protocol" });
		expect(names()).toEqual([]);
	});

	it("changes when the address that was asked tells so, from whatever resource, and by nobody else", async () => {
		const { resolver, names } = resolving();
		await resolver.view(ADDRESS).ready();
		for (const stranger of [
			"mallory@example.org/x",
			"thesaurus@fn.example.org",
			"fn.example.org",
			"dictionary@evil.example",
		]) {
			resolver.take(Jid.parse(stranger), told(["evil"]));
		}
		expect(names()).toEqual(["a"]);
		resolver.take(Jid.parse(`${ADDRESS}/host`), told(["a", "b"]));
		expect(names()).toEqual(["a", "b"]);
	});

	it("does not change by what is malformed or about another service", async () => {
		const { resolver, names } = resolving();
		await resolver.view(ADDRESS).ready();
		for (const odd of [told(["evil"], { service: "thesaurus" }), told([]).with({ watch: "soon" })]) {
			expect(() => resolver.take(ADDRESS, odd)).toThrow(expect.objectContaining({ code: "protocol" }));
		}
		expect(names()).toEqual(["a"]);
	});

	it("is doubted in every service after the link was lost", async () => {
		const other = Jid.parse("billing@fn.example.org");
		let service = "dictionary";
		const { resolver, asked, clock } = resolving(() => told(["a"], { service }));
		await resolver.view(ADDRESS).ready();
		service = "billing";
		await resolver.view(other).ready();
		clock.nowMs += 1_000;
		resolver.distrust();
		for (const address of [ADDRESS, other]) expect(resolver.view(address).ready()).toBeUndefined();
		expect(asked.map(({ to }) => to)).toEqual([ADDRESS, other, ADDRESS, other].map(String));
	});
});

describe("a node", () => {
	const address = "probe@fn.example.org";
	const of = (names: readonly string[]) => told(names, { service: "probe" });

	it("is not stopped by a domain that tells nonsense, nor is its log filled", async () => {
		const link = new FakeLink();
		const log = keepingLog();
		const node = await fakeNode(link, { log });
		const waiting = node.client(probe, { domain: "fn.example.org" }).$waitFor();
		await turn();
		link.receive(iq("result", { from: address, to: node.jid, id: link.sent[0]?.attr("id") }, of([])));
		await turn();
		const push = (payload: Element) => link.receive(message({ from: address, to: node.jid }, payload));
		for (let i = 0; i < 1_000; i++) push(of([]).with({ watch: "soon" }));
		expect(log.lines).toHaveLength(10);
		expect(log.lines[0]).toMatch(
			/^error a stanza from probe@fn\.example\.org could not be handled: watch of <instances\/> must/,
		);
		push(of(["a"]));
		await waiting;
	});

	it("that is closed lets those who wait for an instance go, and whoever asks then", async () => {
		const node = await fakeNode(new FakeLink());
		const client = node.client(probe, { domain: "fn.example.org" });
		const failure = failureOf(client.$waitFor());
		await turn();
		await node.close();
		expect(await failure).toMatchObject({ code: "link-lost" });
		const late = node.client(probe, { domain: "other.example.org" });
		for (const each of [client, late]) expect(await failureOf(each.$waitFor())).toMatchObject({ code: "link-lost" });
	});
});
