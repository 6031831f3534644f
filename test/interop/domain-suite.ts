import { dictionary } from "@antiphon/dictionary";
import { createDomain, type Domain } from "@antiphon/domain";
import { capabilityHash } from "@antiphon/protocol";
import { clientLink, componentLink, createNode, type Node, xml } from "antiphon";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ServerKind, XmppServer } from "#kit";
import { describeWith } from "#kit/vitest";
import { type ForeignClient, only, perform, type Step } from "./foreign-client.js";

const LIMIT_MS = 90_000;
const CLIENTS: readonly ForeignClient[] = ["xmpp4r", "slixmpp", "aioxmpp"];
/** Those that verify capability hashes themselves. */
const VERIFIES: readonly ForeignClient[] = ["slixmpp", "aioxmpp"];
const INFO = "http://jabber.org/protocol/disco#info";

/** Clients of other languages and a domain host with which a provider on an account registers. Each has its own domain. */
export function runDomainSuite({ name, needs, start }: ServerKind): void {
	describeWith(needs, `a domain on ${name}`, () => {
		let server: XmppServer;
		beforeAll(async () => {
			const components = Object.fromEntries(CLIENTS.map((client) => [domainOf(client), "secret"]));
			const names = CLIENTS.flatMap((client) => [client, `worker-${client}`]);
			server = await start({ users: Object.fromEntries(names.map((each) => [each, `of ${each}`])), components });
		}, LIMIT_MS);
		afterAll(() => server?.stop());
		for (const client of CLIENTS) describeWith(client, client, () => testClient(client, () => server));
	});
}

const domainOf = (client: ForeignClient) => `${client}.localhost`;

function testClient(client: ForeignClient, server: () => XmppServer): void {
	const name = domainOf(client);
	const [at, fn] = [`dictionary@${name}`, `dictionary.define@${name}`];
	let domain: Domain;
	let worker: Node;

	beforeAll(async () => {
		const { host, componentPort, c2sPort, components, users } = server();
		const url = `xmpp://${host}:${componentPort}`;
		const link = componentLink({ url, domain: name, secret: components[name] ?? "" });
		// Nobody was there before.
		domain = await createDomain({ link, limits: { settleMs: 1 } });
		const jid = `worker-${client}@localhost`;
		const password = users[`worker-${client}`] ?? "";
		worker = await createNode({ link: clientLink({ url: `xmpp://${host}:${c2sPort}`, jid, password }) });
	}, LIMIT_MS);
	afterAll(async () => {
		await worker?.close();
		await domain?.close();
	});

	it("sees a service come, drain and go, browses it, and calls it through the domain", {
		timeout: LIMIT_MS,
	}, async () => {
		const places = [name, at, fn, `${at}/worker-7`];
		const browsed = places.flatMap((to): Step[] => [
			{ do: "info", to },
			{ do: "items", to },
		]);
		const call = (payload: string, to = fn): Step => ({ do: "call", to, fn: "dictionary.define", payload });
		const playing = perform({
			client,
			server: server(),
			jid: `${client}@localhost/desk`,
			steps: [
				{ do: "roster" },
				{ do: "presence" },
				{ do: "presence", to: at, type: "subscribe" },
				{ do: "wait-presence", from: at, type: "subscribed" },
				{ do: "wait-presence", from: at, type: "unavailable" },
				{ do: "wait-presence", from: at, show: "" },
				...(VERIFIES.includes(client) ? [{ do: "caps", from: at } as const] : []),
				...browsed,
				call('{"word":"xmpp"}'),
				call('{"word":"?"}'),
				call('{"word":7}'),
				call('{"word":"xmpp"}', `nobody.define@${name}`),
				{ do: "ping", to: at },
				{ do: "wait-presence", from: at, show: "dnd" },
				{ do: "wait-presence", from: at, type: "unavailable" },
			],
		});
		await playing.until("wait-presence", 2);
		let release = () => {};
		const released = new Promise<void>((resolve) => {
			release = resolve;
		});
		let isSlow = () => {};
		const slow = new Promise<void>((resolve) => {
			isSlow = resolve;
		});
		const served = await worker.serve(
			dictionary,
			{
				async define({ word }, ctx) {
					if (word === "slow") {
						isSlow();
						await released;
					}
					return word === "?" ? ctx.fail("unknown-word", { near: ["xmpp"] }) : { text: `${word} at ${ctx.from}` };
				},
				learn: () => ({ words: 1 }),
			},
			{ domain: name, instance: "worker-7" },
		);
		await playing.until("ping");
		const info = await worker.query({ type: "get", to: at, payload: xml("query", INFO) });
		// A call that runs keeps the instance draining until the client has seen it.
		const running = worker.client(dictionary, { to: worker.jid }).define({ word: "slow" }, { timeoutMs: 30_000 });
		const outcome = running.catch((error) => error);
		await Promise.race([slow, outcome]);
		const drained = served.drain();
		await playing.until("wait-presence", 4);
		release();
		await Promise.all([outcome, drained]);

		const lines = await playing.finished();
		if (VERIFIES.includes(client) && info !== undefined) expect(only(lines, "caps").ver).toBe(capabilityHash(info));
		const infoAt = (place: string) => only(lines, "info", (line) => line.from === place);
		const itemsAt = (place: string) => {
			const { items } = only(lines, "items", (line) => line.from === place);
			return items?.map((item) => item.jid).sort();
		};
		expect(infoAt(name).identities).toMatchObject([{ category: "component", type: "generic" }]);
		expect(itemsAt(name)).toEqual([at]);
		for (const place of [at, `${at}/worker-7`]) {
			expect(infoAt(place).identities).toMatchObject([
				{ category: "automation", type: "rpc", name: "dictionary 1.0.0" },
			]);
			expect(itemsAt(place)).toEqual([fn, `dictionary.learn@${name}`]);
		}
		expect(infoAt(fn).features).toContain("http://jabber.org/protocol/caps");

		const [reply, fault, bad, absent] = lines.filter((line) => line.step === "call");
		// The provider is told who made the call that the domain passes on.
		expect(JSON.parse(reply?.payload ?? "")).toEqual({ text: `xmpp at ${client}@localhost/desk` });
		expect(fault?.error?.fault).toMatchObject({ code: "fault", name: "unknown-word", executed: "yes" });
		expect(JSON.parse(fault?.error?.fault?.payload ?? "")).toEqual({ near: ["xmpp"] });
		expect(bad?.error).toMatchObject({ condition: "bad-request", fault: { code: "invalid-argument", executed: "no" } });
		expect(absent?.error).toMatchObject({ condition: "item-not-found", fault: { code: "not-found", executed: "no" } });
	});
}
