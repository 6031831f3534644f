import { encodeResolve, iq, NS } from "@antiphon/protocol";
import { serialize, xml } from "@antiphon/xml";
import { type ClientOptions, get, type Node, service } from "antiphon";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { openClient, type RawStream, startProsody, type XmppServer } from "#kit";
import { describeWith } from "#kit/vitest";
import { failure, type ProbeControl, probe } from "./probe-service.js";
import { FUNCTIONS, type KeptLog, PASSWORD, startTwoServers, type TwoServers } from "./two-servers.js";

const START_LIMIT_MS = 60_000;
/** The longest that a call waits which is to fail at once, or to work: long enough to tell it from a deadline. */
const PATIENT = { timeoutMs: 30_000 };
/** Later calls that are measured. */
const MEASURED = 200;

describeWith(["prosody", "lua-unbound"], "across two XMPP servers, a caller of the one", () => {
	let world: TwoServers;
	let worker: { readonly node: Node; readonly control: ProbeControl; readonly log: KeptLog };
	let bowman: Node;
	let hal: Node;

	beforeAll(async () => {
		world = await startTwoServers();
		worker = await world.worker();
		bowman = await world.node(world.europa, "bowman");
		hal = await world.node(world.europa, "hal");
	}, START_LIMIT_MS);
	afterAll(() => world?.[Symbol.asyncDispose](), START_LIMIT_MS);

	/** Every way to a function: at the instance that the domain names, through the domain, past the domain. */
	const ways = (): readonly ClientOptions[] => [
		{ domain: FUNCTIONS },
		{ to: `probe@${FUNCTIONS}` },
		{ to: worker.node.jid },
	];

	it("finds a function of the other and calls it at its provider", async ({ annotate }) => {
		const client = bowman.client(probe, { domain: FUNCTIONS });
		const took: number[] = [];
		for (let i = 0; i <= MEASURED; i++) {
			const startMs = performance.now();
			expect(await client.whoami(undefined, PATIENT)).toBe(bowman.jid);
			took.push(performance.now() - startMs);
		}
		const [first = 0, ...later] = took;
		const median = later.sort((a, b) => a - b)[MEASURED / 2] ?? 0;
		await annotate(`first call ${first.toFixed(1)} ms, later ones ${median.toFixed(2)} ms (median of ${MEASURED})`);
		expect(await client.$instances()).toMatchObject([{ name: "worker-1", jid: worker.node.jid }]);
	});

	it("is its real JID to the provider, whichever way the call goes", async () => {
		expect(bowman.jid).toMatch(/^bowman@europa\.example\/./);
		for (const way of [...ways(), { to: `probe.whoami@${FUNCTIONS}` }]) {
			expect(await bowman.client(probe, way).whoami(undefined, PATIENT), JSON.stringify(way)).toBe(bowman.jid);
		}
	});

	it("may do what policy allows its JID, at the domain and again at the provider", async () => {
		const before = { domain: world.domain.denied, worker: worker.node.stats().refused };
		for (const way of ways()) {
			const may = await failure(bowman.client(probe, way).add({ by: 1 }, PATIENT));
			expect(may, JSON.stringify(way)).toMatchObject({ code: "forbidden", executed: "no" });
			expect(may.message).toContain("bowman@europa.example may not call probe.add");
			const mayNot = await failure(hal.client(probe, way).whoami(undefined, PATIENT));
			expect(mayNot, JSON.stringify(way)).toMatchObject({ code: "forbidden", executed: "no" });
			expect(mayNot.message).toContain("hal@europa.example may not call");
		}
		expect(worker.control.total()).toBe(0);
		// Who resolves and may call something is refused by the provider; who may call nothing is not even told of it.
		expect(world.domain.denied - before.domain).toBe(3);
		expect(worker.node.stats().refused - before.worker).toBe(3);
		for (const { lines } of [world.domainLog, worker.log]) {
			expect(lines.join("\n")).toMatch(/^warn refused: \S+@europa\.example may not call/m);
		}
	});

	it("is not let in under a name that looks like that of another", async () => {
		const { dns, discovery, node } = world;
		const users = { bowman: PASSWORD };
		await using evil = await startProsody({ domain: "europa.example.evil.example", users, federation: dns });
		const strangers = [await node(discovery, "bowman"), await node(evil, "bowman")];
		for (const stranger of strangers) {
			for (const way of ways()) {
				expect(await failure(stranger.client(probe, way).whoami(undefined, PATIENT)), stranger.jid).toMatchObject({
					code: "forbidden",
					executed: "no",
				});
			}
		}
		// Nor who says that the call is another's: that only the domain can say.
		const head = { fn: "probe.whoami", ttl: "10000", enc: "json", for: bowman.jid };
		for (const to of [worker.node.jid, `probe.whoami@${FUNCTIONS}`]) {
			for (const stranger of [hal, ...strangers]) {
				const asked = stranger.query({ type: "get", to, payload: xml("call", NS.rpc, head, "null"), ...PATIENT });
				expect(await failure(asked), `${stranger.jid} at ${to}`).toMatchObject({ code: "forbidden" });
			}
		}
		for (const stranger of strangers) await stranger.close();
	}, 60_000);

	it("provides a service in the domain of the other, if policy names it", async () => {
		const afar = service("afar", "1.0.0", { whoami: get({ output: z.string() }) });
		const handlers = { whoami: (_: unknown, ctx: { readonly from: string }) => ctx.from };
		expect(await failure(hal.serve(afar, handlers, { domain: FUNCTIONS }))).toMatchObject({ code: "forbidden" });
		const clarke = await world.node(world.europa, "clarke");
		await clarke.serve(afar, handlers, { domain: FUNCTIONS, instance: "far-1" });
		for (const way of [{ domain: FUNCTIONS }, { to: `afar@${FUNCTIONS}` }]) {
			expect(await bowman.client(afar, way).whoami(undefined, PATIENT)).toBe(bowman.jid);
		}
		const { instances } = world.domain;
		await clarke.close();
		await expect.poll(() => world.domain.instances, { timeout: 10_000 }).toBe(instances - 1);
	});

	it("sees the health of a service as presence, and is told when its provider goes and another comes", async () => {
		const address = `probe@${FUNCTIONS}`;
		using watcher = await clientOf(world.europa, "bowman", "watcher");
		using denied = await clientOf(world.europa, "hal", "watcher");
		for (const stream of [watcher, denied]) stream.write(`<presence to='${address}' type='subscribe'/>`);
		expect(await denied.until(presenceOf(address, "type='unsubscribed'"))).toBeDefined();
		expect(await watcher.until(presenceOf(address, "type='subscribed'"))).toBeDefined();
		expect(await watcher.until(/<status>1 instance for \d+ calls at once<\/status>/)).toBeDefined();
		// What a node asks when it resolves: to be told of changes from now on.
		const resolve = encodeResolve({ version: undefined, watchMs: 60_000 });
		watcher.write(serialize(iq("get", { id: "resolve", to: address }, resolve), NS.client));
		expect(
			await watcher.until(/<iq[^>]*id='resolve'[^>]*type='result'|<iq[^>]*type='result'[^>]*id='resolve'/),
		).toBeDefined();
		const client = bowman.client(probe, { domain: FUNCTIONS });
		await client.whoami(undefined, PATIENT);

		await worker.node.close();
		expect(await watcher.until(/<message[^>]*from='probe@fn[^>]*><instances /)).toBeDefined();
		expect(await watcher.until(presenceOf(address, "type='unavailable'"))).toBeDefined();
		const error = await failure(client.whoami(undefined, PATIENT));
		expect(error).toMatchObject({ code: "unavailable", executed: "no" });

		const there = client.$waitFor(PATIENT);
		worker = await world.worker();
		await there;
		expect(await client.whoami(undefined, PATIENT)).toBe(bowman.jid);
	}, 60_000);

	it("goes on calling a provider that it has found while the domain is away", async () => {
		const client = bowman.client(probe, { domain: FUNCTIONS });
		await client.whoami(undefined, PATIENT);
		await world.domain.close();
		expect(await client.whoami(undefined, PATIENT)).toBe(bowman.jid);
		const through = bowman.client(probe, { to: `probe@${FUNCTIONS}` });
		expect(await failure(through.whoami(undefined, PATIENT))).toMatchObject({ code: "unavailable", executed: "no" });
	});
});

function presenceOf(from: string, attribute: string): RegExp {
	return new RegExp(`<presence(?=[^>]*from='${from}')(?=[^>]*${attribute})`);
}

/** A client by hand that is interested in its roster and available, so that its server passes subscriptions on. */
async function clientOf({ c2sPort, domain }: XmppServer, user: string, resource: string): Promise<RawStream> {
	const stream = await openClient({ port: c2sPort, domain, user, password: PASSWORD, resource });
	stream.write("<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq><presence/>");
	await stream.until(/<iq[^>]*id='roster'/);
	return stream;
}
