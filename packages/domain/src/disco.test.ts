import { type MemoryBus, memoryBus } from "@antiphon/link";
import { capabilityHash, decodeDiscoInfo, NS, presence as presenceStanza } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { discoItems, fetchContract, get, type Node, ping, type Service, service, set } from "antiphon";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { failure, host, join, NAME, untilTheEnd } from "./testing/bus.js";

const SERVICE = `dictionary@${NAME}`;

const define = get({ summary: "Look a word up", output: z.object({ text: z.string() }) });
const one = service("dictionary", "1.0.0", { define, learn: set({}) });
const two = service("dictionary", "2.0.0", { define, forget: set({}) });

function serve(node: Node, what: Service, instance: string) {
	const answers = Object.entries(what.functions).map(([fn, { output }]) => [fn, output === undefined ? undefined : {}]);
	const handlers = Object.fromEntries(answers.map(([fn, answer]) => [fn, () => answer]));
	return node.serve(what, handlers as never, { domain: NAME, instance });
}

const info = (node: Node, to: string, at?: string) =>
	node.query({ type: "get", to, payload: xml("query", NS.discoInfo, { node: at }) }) as Promise<Element>;
const hashAt = async (node: Node, to: string) => capabilityHash(await info(node, to));
/** An account that subscribes to addresses and probes them, as the server of an XMPP client does. */
async function watcher(bus: MemoryBus) {
	const seen: Element[] = [];
	const link = bus.link("alice@example.org/watching");
	untilTheEnd(link);
	await link.open({ onState() {}, onStanza: (stanza) => void seen.push(stanza) }, { timeoutMs: 1_000 });
	return {
		node: await join(bus, "alice@example.org/x"),
		subscribe: (to: string) => link.send(presenceStanza({ to, type: "subscribe" })),
		async presenceOf(to: string): Promise<Element> {
			seen.length = 0;
			link.send(presenceStanza({ to, type: "probe" }));
			await expect.poll(() => seen.length, { interval: 1 }).toBe(1);
			return seen[0] as Element;
		},
		async hashOf(to: string) {
			return (await this.presenceOf(to)).child("c", NS.caps)?.attr("ver");
		},
	};
}

describe("the disco of a domain", () => {
	it("shows two majors: the newest at the service, the functions of both by their names", async () => {
		const bus = memoryBus();
		await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		await serve(worker, one, "worker-1");
		await serve(worker, two, "worker-2");
		const caller = await join(bus, "caller@example.org/x");
		expect(await discoItems(caller, NAME)).toEqual([{ jid: SERVICE, name: "dictionary 2.0.0" }]);
		expect((await discoItems(caller, SERVICE)).map(({ jid }) => jid)).toEqual([
			`dictionary.define@${NAME}`,
			`dictionary.forget@${NAME}`,
		]);
		const versionAt = async (to: string) => decodeDiscoInfo(await info(caller, to)).forms[0]?.fields["version"];
		expect(await versionAt(SERVICE)).toEqual(["2.0.0"]);
		expect(await versionAt(`dictionary.define@${NAME}`)).toEqual(["2.0.0"]);
		expect(await versionAt(`dictionary.learn@${NAME}`)).toEqual(["1.0.0"]);
		for (const [instance, version] of [
			["worker-1", "1.0.0"],
			["worker-2", "2.0.0"],
		]) {
			expect(await versionAt(`${SERVICE}/${instance}`)).toEqual([version]);
			expect(await versionAt(`dictionary.define@${NAME}/${instance}`)).toEqual([version]);
		}
	});

	it("knows the instances that there are, and nothing of a service that nobody serves", async () => {
		const bus = memoryBus();
		await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		const served = await serve(worker, one, "worker-7");
		const caller = await join(bus, "caller@example.org/x");
		for (const to of [`${SERVICE}/worker-7`, `dictionary.define@${NAME}/worker-7`]) {
			expect(await ping(caller, to)).toBeGreaterThanOrEqual(0);
			expect(await discoItems(caller, to)).toEqual(await discoItems(caller, to.split("/")[0] as string));
		}
		const gone = [`${SERVICE}/worker-8`, `nothing@${NAME}`, `dictionary.nothing@${NAME}`];
		const tooLong = [`dictionary.define.x@${NAME}`, `dictionary.define.@${NAME}`];
		for (const to of [...gone, ...tooLong]) {
			expect(await failure(info(caller, to))).toMatchObject({ code: "not-found" });
		}
		for (const to of tooLong) {
			const { define } = caller.client(one, { to });
			expect(await failure(define())).toMatchObject({ code: "not-found", executed: "no" });
		}
		await served.drain();
		expect(await discoItems(caller, NAME)).toEqual([]);
		// Its name is known: it is worth coming again.
		const away = { code: "unavailable", message: expect.stringContaining("nobody serves dictionary at the moment") };
		for (const to of [SERVICE, `${SERVICE}/worker-7`, `dictionary.define@${NAME}`]) {
			expect(await failure(info(caller, to))).toMatchObject(away);
			expect(await failure(ping(caller, to))).toMatchObject(away);
			expect(await failure(fetchContract(caller, to))).toMatchObject(away);
			expect(await failure(caller.client(one, { to }).define())).toMatchObject({ ...away, executed: "no" });
		}
		expect(await failure(caller.client(one, { domain: NAME }).define())).toMatchObject({ code: "unavailable" });
		for (const to of [`nothing@${NAME}`, ...tooLong]) {
			expect(await failure(info(caller, to))).toMatchObject({ code: "not-found" });
		}
	});

	it("does not tell of a name to those who may not see it", async () => {
		const bus = memoryBus();
		await host(bus, { access: { register: [{ allow: "*" }], call: [{ allow: "alice@example.org" }] } });
		const served = await serve(await join(bus, "worker@example.org/a"), one, "worker-7");
		await served.drain();
		for (const [who, code] of [
			["alice", "unavailable"],
			["eve", "not-found"],
		]) {
			const node = await join(bus, `${who}@example.org/x`);
			expect(await failure(info(node, SERVICE))).toMatchObject({ code });
			expect(await failure(node.client(one, { to: SERVICE }).define())).toMatchObject({ code });
		}
	});

	it("answers for how long it is up, that a service is here, and not for what an instance does", async () => {
		const bus = memoryBus();
		await host(bus);
		await serve(await join(bus, "worker@example.org/a"), one, "worker-7");
		const caller = await join(bus, "caller@example.org/x");
		const last = (to: string) => caller.query({ type: "get", to, payload: xml("query", NS.lastActivity) });
		expect((await last(NAME))?.attr("seconds")).toMatch(/^\d+$/);
		expect((await last(SERVICE))?.attr("seconds")).toBe("0");
		expect(await failure(last(`${SERVICE}/worker-7`))).toMatchObject({ code: "unimplemented" });
		expect((await last("worker@example.org/a"))?.attr("seconds")).toMatch(/^\d+$/);
	});

	it("shows nobody what policy does not let them call, at the domain and at its providers", async () => {
		const bus = memoryBus();
		const domain = await host(bus, {
			access: {
				call: [{ allow: "boss@example.org" }, { allow: "*@example.org", to: ["dictionary.define", "open"] }],
			},
		});
		const worker = await join(bus, "worker@example.org/a");
		await serve(worker, one, "w");
		await serve(worker, service("secret", "1.0.0", { run: set({}) }), "w");
		await serve(worker, service("open", "1.0.0", { read: get({}) }), "w");
		const boss = await join(bus, "boss@example.org/x");
		const clerk = await join(bus, "clerk@example.org/x");
		const names = async (node: Node, to: string) => (await discoItems(node, to)).map(({ jid }) => jid.split("@")[0]);
		expect(await names(boss, NAME)).toEqual(["dictionary", "open", "secret"]);
		expect(await names(boss, SERVICE)).toEqual(["dictionary.define", "dictionary.learn"]);
		expect(await names(clerk, NAME)).toEqual(["dictionary", "open"]);
		expect(await names(clerk, SERVICE)).toEqual(["dictionary.define"]);
		const denied = domain.denied;
		const secret = [`secret@${NAME}`, `secret.run@${NAME}`, `dictionary.learn@${NAME}`];
		for (const to of secret) {
			expect(await failure(info(clerk, to))).toMatchObject({ code: "forbidden" });
			expect(await failure(ping(clerk, to))).toMatchObject({ code: "forbidden" });
			expect(await failure(fetchContract(clerk, to))).toMatchObject({ code: "forbidden" });
		}
		expect(domain.denied).toBe(denied + 3 * secret.length);
		// Again at the provider, which knows the rules of its services. The domain itself may ask there.
		const atProvider = (await discoItems(clerk, worker.jid)).map(({ node }) => node);
		expect(atProvider).toEqual(["dictionary", "open"]);
		expect(await failure(info(clerk, worker.jid, "secret"))).toMatchObject({ code: "forbidden" });
		expect(await failure(fetchContract(clerk, worker.jid, { service: "secret" }))).toMatchObject({ code: "forbidden" });
		expect(await discoItems(boss, worker.jid)).toHaveLength(3);
	});
});

describe("the capabilities in the presence of a domain (XEP-0115)", () => {
	it("are the hash of what each address answers to disco#info", async () => {
		const bus = memoryBus();
		await host(bus);
		await serve(await join(bus, "worker@example.org/a"), one, "worker-7");
		const alice = await watcher(bus);
		for (const to of [NAME, SERVICE, `dictionary.define@${NAME}`, `dictionary.learn@${NAME}`]) {
			alice.subscribe(to);
			const c = (await alice.presenceOf(to)).child("c", NS.caps);
			expect(c?.attributes).toEqual(["hash", "sha-1", "node", "urn:antiphon", "ver", await hashAt(alice.node, to)]);
			const at = `${c?.attr("node")}#${c?.attr("ver")}`;
			expect(await info(alice.node, to, at)).toEqual((await info(alice.node, to)).with({ node: at }));
		}
	});

	it("stay while instances come, drain and go, and with them the load", async () => {
		const bus = memoryBus();
		await host(bus);
		const worker = await join(bus, "worker@example.org/a");
		await serve(worker, one, "worker-1");
		const alice = await watcher(bus);
		const addresses = [NAME, SERVICE, `dictionary.define@${NAME}`];
		const before = await Promise.all(addresses.map((to) => hashAt(alice.node, to)));
		const other = await join(bus, "worker@example.org/b");
		const more = await serve(other, one, "worker-2");
		await alice.node.client(one, { to: SERVICE }).learn();
		await serve(other, service("another", "1.0.0", { f: get({}) }), "x");
		expect(await Promise.all(addresses.map((to) => hashAt(alice.node, to)))).toEqual(before);
		await more.drain();
		expect(await Promise.all(addresses.map((to) => hashAt(alice.node, to)))).toEqual(before);
	});

	it("change with the contract", async () => {
		const bus = memoryBus();
		await host(bus);
		await serve(await join(bus, "worker@example.org/a"), one, "worker-1");
		const alice = await watcher(bus);
		const fn = `dictionary.define@${NAME}`;
		for (const to of [SERVICE, fn]) alice.subscribe(to);
		const before = await alice.hashOf(fn);
		const changed = service("dictionary", "1.1.0", { ...one.functions, define: get({}) });
		await serve(await join(bus, "worker@example.org/b"), changed, "worker-2");
		for (const to of [SERVICE, fn]) expect(await alice.hashOf(to)).toBe(await hashAt(alice.node, to));
		expect(await alice.hashOf(fn)).not.toBe(before);
		expect(await failure(info(alice.node, fn, `urn:antiphon#${before}`))).toMatchObject({ code: "not-found" });
	});

	it("are different for contracts that differ in nothing but what is passed", async () => {
		const hashes = new Set<string | undefined>();
		for (const input of [z.string(), z.number(), z.object({ a: z.string() })]) {
			const bus = memoryBus();
			await host(bus);
			await serve(await join(bus, "worker@example.org/a"), service("dictionary", "1.0.0", { f: set({ input }) }), "w");
			const caller = await join(bus, "caller@example.org/x");
			for (const to of [SERVICE, `dictionary.f@${NAME}`]) hashes.add(await hashAt(caller, to));
		}
		expect(hashes.size).toBe(6);
	});

	it("do not stand in the presence of what nobody serves", async () => {
		const bus = memoryBus();
		await host(bus);
		const served = await serve(await join(bus, "worker@example.org/a"), one, "worker-7");
		const alice = await watcher(bus);
		const absent = `dictionary.nothing@${NAME}`;
		for (const to of [absent, SERVICE]) alice.subscribe(to);
		await served.drain();
		for (const to of [absent, SERVICE]) {
			const presence = await alice.presenceOf(to);
			expect(presence.attr("type")).toBe("unavailable");
			expect(presence.child("c", NS.caps)).toBeUndefined();
		}
	});
});
