import { type Client, clientLink, componentLink, createNode, type Link, type Node } from "antiphon";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTcpProxy, type TcpProxy, type XmppServer } from "#kit";
import { describeWith } from "#kit/vitest";
import { failure, makeProbe, type ProbeControl, probe } from "./probe-service.js";
import { account, component, SERVERS } from "./worlds.js";

const START_LIMIT_MS = 60_000;
/** What DESIGN promises for a peer that is gone without a word. */
const NOTICED_WITHIN_MS = 20_000;
const OPTIONS = {
	users: { alice: "alice's password", bob: "bob's password" },
	components: { "fn.localhost": "secret" },
};

for (const { name, start, needs } of SERVERS) {
	describeWith(needs, `when ${name} is killed and comes back`, () => {
		let server: XmppServer;
		let control: ProbeControl;
		let provider: Node;
		let caller: Node;
		let client: Client<typeof probe.functions>;

		beforeAll(async () => {
			server = await start(OPTIONS);
			control = makeProbe();
			provider = await createNode({ link: component(server) });
			await provider.serve(probe, control.handlers);
			caller = await createNode({ link: account(server, "alice") });
			client = caller.client(probe, { domain: "fn.localhost" });
		}, START_LIMIT_MS);
		afterAll(async () => {
			await caller?.close();
			await provider?.close();
			await server?.stop();
		}, START_LIMIT_MS);

		it("calls in flight settle at once, and both nodes serve and call again by themselves", async () => {
			const inFlight = Promise.all([1, 2, 3].map(() => failure(client.hang(undefined, { timeoutMs: 60_000 }))));
			await expect.poll(() => control.hanging()).toBe(3);
			const killedAtMs = performance.now();
			await server.kill("SIGKILL");
			for (const error of await inFlight) expect(error).toMatchObject({ code: "link-lost", executed: "unknown" });
			expect(performance.now() - killedAtMs).toBeLessThan(5_000);
			expect(await failure(client.whoami())).toMatchObject({ code: "link-lost", executed: "no" });

			await server.restart();
			// No call here waits for the link: a caller is told at once, and decides.
			await expect
				.poll(() => client.whoami().catch(() => "not yet"), { timeout: 40_000, interval: 100 })
				.toMatch(/^alice@localhost/);
		}, 90_000);
	});

	describeWith(needs, `a client link to ${name} that is cut`, () => {
		let server: XmppServer;
		beforeAll(async () => {
			server = await start(OPTIONS);
		}, START_LIMIT_MS);
		afterAll(() => server?.stop(), START_LIMIT_MS);

		it("has the same address when it is back, and serves there again", async () => {
			await using proxy = await startTcpProxy({ target: { port: server.c2sPort } });
			const provider = await createNode({ link: account(server, "bob", proxy.port) });
			await provider.serve(probe, makeProbe().handlers);
			const caller = await createNode({ link: account(server, "alice") });
			const client = caller.client(probe, { to: provider.jid });
			const { jid } = provider;
			for (const fault of ["cut", "hangUp"] as const) {
				proxy[fault]();
				await expect.poll(() => client.whoami().catch(() => "not yet"), { timeout: 20_000 }).toBe(caller.jid);
				expect(provider.jid).toBe(jid);
			}
			await caller.close();
			await provider.close();
		}, 60_000);
	});

	describeWith(needs, `a link to ${name} over TLS`, () => {
		let server: XmppServer;
		beforeAll(async () => {
			server = await start({ ...OPTIONS, tls: true });
		}, START_LIMIT_MS);
		afterAll(() => server?.stop(), START_LIMIT_MS);

		const link = (url: string, more: object = {}): Link =>
			clientLink({ url, jid: "alice@localhost", password: OPTIONS.users.alice, ...more });
		const urls = () => [`xmpp://127.0.0.1:${server.c2sPort}`, `xmpps://127.0.0.1:${server.tlsPort}`];

		it("comes up with STARTTLS and with direct TLS when the certificate is trusted", async () => {
			for (const url of urls()) {
				await using node = await createNode({ link: link(url, { ca: server.ca }) });
				expect(node.jid).toMatch(/^alice@localhost\//);
			}
		});

		it("refuses a certificate that nobody it trusts has signed, or that is for another domain, once", async () => {
			// STARTTLS on loopback without `ca` is no promise: plaintext would do there too.
			const untrusted = await failure(createNode({ link: link(`xmpps://127.0.0.1:${server.tlsPort}`) }));
			expect(untrusted.message).toMatch(/certificate/i);
			for (const url of urls()) {
				const other = await failure(createNode({ link: link(url, { ca: server.ca, servername: "other.example" }) }));
				expect(other.message).toMatch(/certificate|other\.example/i);
			}
		});
	});

	describeWith(needs, `a link that ${name} refuses`, () => {
		let server: XmppServer;
		let proxy: TcpProxy;
		beforeAll(async () => {
			server = await start(OPTIONS);
			proxy = await startTcpProxy({ target: { port: server.c2sPort } });
		}, START_LIMIT_MS);
		afterAll(async () => {
			await proxy?.[Symbol.asyncDispose]();
			await server?.stop();
		}, START_LIMIT_MS);

		it("for a wrong password fails once, clearly, without trying again", async () => {
			const before = proxy.accepted;
			const link = clientLink({ url: `xmpp://127.0.0.1:${proxy.port}`, jid: "alice@localhost", password: "wrong" });
			const error = await failure(createNode({ link }));
			expect(error).toMatchObject({ code: "unauthenticated", executed: "no" });
			expect(error.message).toMatch(/alice@localhost|password|credentials/i);
			expect(proxy.accepted - before).toBe(1);
			expect(link.state.state).toBe("closed");
		});

		it("for a domain that it does not serve fails once, clearly", async () => {
			const before = proxy.accepted;
			const link = clientLink({ url: `xmpp://127.0.0.1:${proxy.port}`, jid: "alice@other.example", password: "x" });
			const error = await failure(createNode({ link }));
			expect(error.message).toMatch(/other\.example/);
			expect(proxy.accepted - before).toBe(1);
		});

		it("for a component's wrong secret fails once, clearly", async () => {
			const link = componentLink({
				url: `xmpp://127.0.0.1:${server.componentPort}`,
				domain: "fn.localhost",
				secret: "wrong",
			});
			const error = await failure(createNode({ link }));
			expect(error).toMatchObject({ code: "unauthenticated", executed: "no" });
			expect(error.message).toMatch(/secret/);
		});

		it("for plaintext where TLS is asked for fails without sending the password", async () => {
			const url = `xmpp://127.0.0.1:${proxy.port}`;
			// A certificate authority to trust means that TLS is meant, on loopback too.
			const link = clientLink({ url, jid: "alice@localhost", password: "secret-word", ca: "none" });
			const error = await failure(createNode({ link }));
			expect(error.message).toMatch(/TLS/);
		});
	});
}

describeWith([], "a connection that is half-open", () => {
	let server: XmppServer;
	beforeAll(async () => {
		server = await SERVERS[0].start(OPTIONS);
	}, START_LIMIT_MS);
	afterAll(() => server?.stop(), START_LIMIT_MS);

	const stalledNode = async () => {
		const proxy = await startTcpProxy({ target: { port: server.c2sPort } });
		const node = await createNode({ link: account(server, "alice", proxy.port) });
		const left = new Promise<number>((resolve) => {
			void (async () => {
				for await (const status of node.status()) if (status.state !== "online") return resolve(performance.now());
			})();
		});
		return { proxy, node, left };
	};

	it.concurrent("while nothing is sent is noticed within 20 s", async () => {
		const { proxy, node, left } = await stalledNode();
		proxy.stall();
		const stalledAtMs = performance.now();
		expect((await left) - stalledAtMs).toBeLessThan(NOTICED_WITHIN_MS);
		await node.close();
		await proxy[Symbol.asyncDispose]();
	}, 40_000);

	it.concurrent("with full buffers is noticed within 20 s, and calls end at their deadlines", async () => {
		const { proxy, node, left } = await stalledNode();
		proxy.stall();
		const stalledAtMs = performance.now();
		const client = node.client(probe, { domain: "fn.localhost" });
		const value = "x".repeat(30_000);
		const calls = Array.from({ length: 300 }, () => failure(client.echo({ value }, { timeoutMs: 1_000 })));
		for (const error of await Promise.all(calls)) {
			expect(["deadline-exceeded", "link-lost", "overloaded"]).toContain(error.code);
		}
		expect(performance.now() - stalledAtMs).toBeLessThan(5_000);
		expect((await left) - stalledAtMs).toBeLessThan(NOTICED_WITHIN_MS);
		await node.close();
		await proxy[Symbol.asyncDispose]();
	}, 40_000);
});
