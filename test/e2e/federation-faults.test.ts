import type { ClientOptions, Node } from "antiphon";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTcpProxy, type TcpProxy, type XmppServer } from "#kit";
import { describeWith } from "#kit/vitest";
import { failure, type ProbeControl, probe } from "./probe-service.js";
import { FUNCTIONS, startTwoServers, type TwoServers } from "./two-servers.js";

const START_LIMIT_MS = 60_000;
const TEST_LIMIT_MS = 120_000;
/** The deadline of calls that are to meet it: longer than it takes them to reach a provider. */
const DEADLINE_MS = 5_000;

describeWith(["prosody", "lua-unbound"], "when what is between two organisations fails, a caller of the one", () => {
	let world: TwoServers;
	let wire: Wire;
	let control: ProbeControl;
	let bowman: Node;

	beforeAll(async () => {
		world = await startTwoServers();
		wire = await wireBetween(world);
		({ control } = await world.worker());
		bowman = await world.node(world.europa, "bowman");
	}, START_LIMIT_MS);
	afterAll(async () => {
		await world?.[Symbol.asyncDispose]();
		await wire?.stop();
	}, START_LIMIT_MS);

	const ways: readonly ClientOptions[] = [{ domain: FUNCTIONS }, { to: `probe@${FUNCTIONS}` }];
	const clients = () => ways.map((way) => bowman.client(probe, way));

	/** A call by each way that has reached the provider and gets no answer there before `control.release()`. */
	async function hanging(timeoutMs: number) {
		const before = control.hanging();
		const outcomes = clients().map((client) => client.hang(undefined, { timeoutMs }));
		for (const outcome of outcomes) outcome.catch(() => {});
		await expect.poll(() => control.hanging(), { timeout: 15_000 }).toBe(before + ways.length);
		return outcomes;
	}
	async function worksAgain() {
		for (const client of clients()) {
			await expect
				.poll(() => client.whoami(undefined, { timeoutMs: 2_000 }).catch(String), { timeout: 45_000, interval: 100 })
				.toBe(bowman.jid);
		}
	}

	it(
		"gets the answers to calls in flight although the connections between the servers were cut",
		async () => {
			const outcomes = await hanging(TEST_LIMIT_MS);
			const { accepted } = wire;
			wire.cut();
			await worksAgain();
			expect(wire.accepted).toBeGreaterThan(accepted);
			control.release();
			expect(await Promise.all(outcomes)).toEqual(ways.map(() => "released"));
		},
		TEST_LIMIT_MS,
	);

	it(
		"is told at once when its own server restarts, and calls again by itself",
		async () => {
			const outcomes = await hanging(TEST_LIMIT_MS);
			await world.europa.restart();
			for (const outcome of outcomes) {
				expect(await failure(outcome)).toMatchObject({ code: "link-lost", executed: "unknown" });
			}
			await worksAgain();
		},
		TEST_LIMIT_MS,
	);

	it(
		"waits for its deadline and no longer when the other server stands still",
		async () => {
			const outcomes = await hanging(DEADLINE_MS);
			await world.discovery.kill("SIGSTOP");
			const late = clients().map((client) => client.whoami(undefined, { timeoutMs: DEADLINE_MS }));
			for (const error of await Promise.all([...outcomes, ...late].map(failure))) {
				expect(error).toMatchObject({ code: "deadline-exceeded", executed: "unknown" });
			}
			await world.discovery.kill("SIGCONT");
			await worksAgain();
		},
		TEST_LIMIT_MS,
	);

	it(
		"has every call settled when the other server is killed, is told that there is no way, and calls again by itself",
		async () => {
			const outcomes = await hanging(DEADLINE_MS);
			await wire.refuse();
			await world.discovery.kill("SIGKILL");
			for (const client of clients()) {
				// What its server has sent before it saw that the connection is gone, is lost without a word.
				const lost = { code: "deadline-exceeded", executed: "unknown" };
				for (;;) {
					const error = await failure(client.whoami(undefined, { timeoutMs: 2_000 }));
					if (error.code === lost.code) expect(error).toMatchObject(lost);
					else {
						expect(error).toMatchObject({ code: "unavailable", executed: "no" });
						expect(error.message).toMatch(/^(fn\.)?discovery\.example cannot be reached: .*connection refused/);
						break;
					}
				}
			}
			for (const outcome of outcomes) {
				const error = await failure(outcome);
				// A server may know that what it has sent was not received.
				expect(["deadline-exceeded", "unavailable"]).toContain(error.code);
				expect(error.executed).toBe("unknown");
			}
			await world.discovery.restart();
			await wire.accept();
			await worksAgain();
		},
		TEST_LIMIT_MS,
	);
});

/** What the servers' connections to each other go through. */
interface Wire {
	/** Connections so far. */
	readonly accepted: number;
	/** Ends every connection. */
	cut(): void;
	/** Nobody gets through to the server of the domain any more. */
	refuse(): Promise<void>;
	accept(): Promise<void>;
	stop(): Promise<void>;
}

/** Before the servers have looked for each other: they find this in between. */
async function wireBetween({ dns, discovery, europa }: TwoServers): Promise<Wire> {
	const toServer = async (server: XmppServer): Promise<TcpProxy> => {
		const proxy = await startTcpProxy({ target: { port: server.s2sPort ?? 0 } });
		for (const name of [server.domain, ...Object.keys(server.components)]) dns.announce(name, proxy.port);
		return proxy;
	};
	const toDiscovery = await toServer(discovery);
	const toEuropa = await toServer(europa);
	const proxies = [toDiscovery, toEuropa];
	return {
		get accepted() {
			return toDiscovery.accepted + toEuropa.accepted;
		},
		cut() {
			for (const proxy of proxies) proxy.cut();
		},
		refuse: () => toDiscovery.refuse(),
		accept: () => toDiscovery.accept(),
		async stop() {
			for (const proxy of proxies) await proxy.stop();
		},
	};
}
