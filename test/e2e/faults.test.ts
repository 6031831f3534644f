import { xml } from "@antiphon/xml";
import { type BusError, type Client, clientLink, componentLink, createNode, type Link, type Node } from "antiphon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openClient, SERVERS, startTcpProxy, type TcpProxy, type XmppServer } from "#kit";
import { describeWith } from "#kit/vitest";
import { failure, makeProbe, type ProbeControl, probe } from "./probe-service.js";
import { account, component } from "./worlds.js";

const START_LIMIT_MS = 60_000;
/** The promise for a peer that is gone without a word. */
const NOTICED_WITHIN_MS = 20_000;
/** "At once", on a machine that has other things to do. */
const AT_ONCE_MS = 1_000;
/** "Within seconds", on such a machine. */
const ANSWERED_WITHIN_MS = 8_000;
const OPTIONS = {
	users: { alice: "alice's password", bob: "bob's password" },
	components: { "fn.localhost": "secret" },
};

for (const { name, start, needs } of SERVERS) {
	describeWith(needs, `${name}:`, () => {
		let server: XmppServer;
		beforeAll(async () => {
			server = await start(OPTIONS);
		}, START_LIMIT_MS);
		afterAll(() => server?.stop(), START_LIMIT_MS);

		describe(`a client link to ${name} that is cut`, () => {
			it("has the same address when it is back, and serves there again", async () => {
				await using proxy = await startTcpProxy({ target: { port: server.c2sPort } });
				const provider = await createNode({ link: account(server, "bob", proxy.port) });
				await provider.serve(probe, makeProbe().handlers);
				const caller = await createNode({ link: account(server, "alice") });
				const client = caller.client(probe, { to: provider.jid });
				const { jid } = provider;
				for (const fault of ["cut", "hangUp"] as const) {
					proxy[fault]();
					// A call that the server sends into the old connection is lost: it is given up soon, and made again.
					await expect
						.poll(() => client.whoami(undefined, { timeoutMs: 1_000 }).catch(() => "not yet"), { timeout: 20_000 })
						.toBe(caller.jid);
					expect(provider.jid).toBe(jid);
				}
				await caller.close();
				await provider.close();
			}, 60_000);
		});

		describe(`a link that ${name} refuses`, () => {
			let proxy: TcpProxy;
			beforeAll(async () => {
				proxy = await startTcpProxy({ target: { port: server.c2sPort } });
			}, START_LIMIT_MS);
			afterAll(async () => {
				await proxy?.[Symbol.asyncDispose]();
			}, START_LIMIT_MS);

			it("for a wrong password fails once, clearly, without trying again", async () => {
				const link = clientLink({ url: `xmpp://127.0.0.1:${proxy.port}`, jid: "alice@localhost", password: "wrong" });
				const error = await refusal(link, proxy);
				expect(error).toMatchObject({ code: "unauthenticated", executed: "no" });
				expect(error.message).toMatch(/alice@localhost|password|credentials/i);
			});

			it("for a domain that it does not serve fails once, clearly", async () => {
				const link = clientLink({ url: `xmpp://127.0.0.1:${proxy.port}`, jid: "alice@other.example", password: "x" });
				expect((await refusal(link, proxy)).message).toMatch(/other\.example/);
			});

			it("for a component's wrong secret fails once, clearly", async () => {
				await using components = await startTcpProxy({ target: { port: server.componentPort } });
				const url = `xmpp://127.0.0.1:${components.port}`;
				const error = await refusal(componentLink({ url, domain: "fn.localhost", secret: "wrong" }), components);
				expect(error).toMatchObject({ code: "unauthenticated", executed: "no" });
				expect(error.message).toMatch(/secret/);
			});

			it("for plaintext where TLS is asked for fails once, without sending the password (CVE-2016-10027)", async () => {
				const url = `xmpp://127.0.0.1:${proxy.port}`;
				// A certificate authority to trust means that TLS is meant, on loopback too.
				const link = clientLink({ url, jid: "alice@localhost", password: "secret-word", ca: "none" });
				expect((await refusal(link, proxy)).message).toMatch(/TLS/);
			});
		});

		// The embedded server has limits of its own, below those of a node, and passes on nothing of the kind.
		if (name !== "embedded")
			describe(`what a stranger makes ${name} pass on`, () => {
				const stranger = (resource: string) => {
					const { c2sPort: port, domain } = server;
					return openClient({ port, domain, user: "bob", password: OPTIONS.users.bob, resource });
				};
				const attributes = Array.from({ length: 100 }, (_, i) => ` a${i}=''`).join("");
				const contents = {
					"100 levels deep": "<x>".repeat(100) + "</x>".repeat(100),
					"with 100 attributes": `<x${attributes}/>`,
					// A server writes it as no parser of namespaces takes it.
					"with an element of the namespace xml": "<xml:x/>",
					"of 600 kB": `<body>${"x".repeat(600_000)}</body>`,
				};

				it.each(["client", "component"] as const)(
					"does not take a %s off the bus, however large or odd it is",
					async (kind) => {
						await using node = await createNode({
							link: kind === "client" ? account(server, "alice") : component(server),
						});
						await node.serve(probe, makeProbe().handlers);
						await using caller = await createNode({ link: account(server, "bob") });
						const client = caller.client(probe, kind === "client" ? { to: node.jid } : { domain: "fn.localhost" });
						const seen: string[] = [];
						void (async () => {
							for await (const status of node.status()) seen.push(status.state);
						})();
						const to = kind === "client" ? node.jid : "probe.whoami@fn.localhost";
						for (const content of Object.values(contents)) {
							using bob = await stranger("stranger");
							bob.write(`<message to='${to}'>${content}</message><iq type='set' id='over' to='${to}'>${content}</iq>`);
							const answer = await bob.until(/<iq[^>]*over.*<\/iq>/s);
							expect(answer?.[0]).toMatch(/policy-violation/);
						}
						expect(await client.whoami()).toBe(caller.jid);
						expect(node.stats()).toMatchObject({ skipped: 8 });
						expect(seen.filter((state) => state !== "online")).toEqual([]);
					},
					60_000,
				);

				it.each(Object.entries(contents))(
					"settles a call at once, when it is an answer %s",
					async (_, content) => {
						await using caller = await createNode({ link: account(server, "alice") });
						using bob = await stranger("provider");
						const client = caller.client(probe, { to: "bob@localhost/provider" });
						const outcome = failure(client.whoami(undefined, { timeoutMs: 50_000 }));
						const call = await bob.until(/<iq[^>]*\bid=['"]([^'"]*)['"][^>]*><call/);
						bob.write(`<iq type='result' id='${call?.[1]}' to='${caller.jid}'>${content}</iq>`);
						expect(await outcome).toMatchObject({ code: "too-large", executed: "yes" });
					},
					60_000,
				);
			});

		// The last one: what came before had a server that had never been away.
		describe(`when ${name} is killed and comes back`, () => {
			let control: ProbeControl;
			let provider: Node;
			let caller: Node;
			let client: Client<typeof probe.functions>;

			beforeAll(async () => {
				control = makeProbe();
				provider = await createNode({ link: component(server) });
				await provider.serve(probe, control.handlers);
				caller = await createNode({ link: account(server, "alice") });
				client = caller.client(probe, { domain: "fn.localhost" });
			}, START_LIMIT_MS);
			afterAll(async () => {
				await caller?.close();
				await provider?.close();
			}, START_LIMIT_MS);

			it("calls in flight settle at once, and both nodes serve and call again by themselves", async () => {
				const inFlight = Promise.all([1, 2, 3].map(() => failure(client.hang(undefined, { timeoutMs: 60_000 }))));
				await expect.poll(() => control.hanging()).toBe(3);
				await server.kill("SIGKILL");
				const killedAtMs = performance.now();
				for (const error of await inFlight) expect(error).toMatchObject({ code: "link-lost", executed: "unknown" });
				expect(performance.now() - killedAtMs).toBeLessThan(AT_ONCE_MS);
				expect(await failure(client.whoami())).toMatchObject({ code: "link-lost", executed: "no" });

				await server.restart();
				// No call here waits for the link: a caller is told at once, and decides.
				await expect
					.poll(() => client.whoami().catch(() => "not yet"), { timeout: 40_000, interval: 100 })
					.toMatch(/^alice@localhost/);
			}, 90_000);
		});
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
			await using direct = await startTcpProxy({ target: { port: server.tlsPort ?? 0 } });
			const untrusted = await refusal(link(`xmpps://127.0.0.1:${direct.port}`), direct);
			expect(untrusted.message).toMatch(/certificate/i);
			await using startTls = await startTcpProxy({ target: { port: server.c2sPort } });
			for (const [scheme, proxy] of [
				["xmpp", startTls],
				["xmpps", direct],
			] as const) {
				const options = { ca: server.ca, servername: "other.example" };
				const other = await refusal(link(`${scheme}://127.0.0.1:${proxy.port}`, options), proxy);
				expect(other.message).toMatch(/certificate|other\.example/i);
			}
		});
	});
}

const [, quiet] = SERVERS;

/** Of a client and of a component. */
type Kind = "client" | "component";
const both = (scenario: (kind: Kind) => Promise<void>) => Promise.all([scenario("client"), scenario("component")]);

// All at once: each mostly waits. They are as many as run at once by default.
describe.concurrent("while time goes by", () => {
	describeWith([], "a connection that is half-open", () => {
		let server: XmppServer;
		beforeAll(async () => {
			server = await SERVERS[0].start({
				...OPTIONS,
				components: { "idle.localhost": "1", "full.localhost": "2" },
			});
		}, START_LIMIT_MS);
		afterAll(() => server?.stop(), START_LIMIT_MS);

		const scenarios = {
			async idle(kind: Kind) {
				const { proxy, node, left } = await stalledNode(server, kind, "idle.localhost");
				proxy.stall();
				const stalledAtMs = performance.now();
				expect((await left).atMs - stalledAtMs).toBeLessThan(NOTICED_WITHIN_MS);
				await node.close();
				await proxy[Symbol.asyncDispose]();
			},
			async full(kind: Kind) {
				const { proxy, node, left } = await stalledNode(server, kind, "full.localhost");
				proxy.stall();
				const stalledAtMs = performance.now();
				const client = node.client(probe, { domain: "fn.localhost" });
				const value = "x".repeat(30_000);
				const calls = Array.from({ length: 300 }, () => failure(client.echo({ value }, { timeoutMs: 1_000 })));
				for (const error of await Promise.all(calls)) {
					expect(["deadline-exceeded", "link-lost", "overloaded"]).toContain(error.code);
				}
				expect(performance.now() - stalledAtMs).toBeLessThan(5_000);
				expect((await left).atMs - stalledAtMs).toBeLessThan(NOTICED_WITHIN_MS);
				await node.close();
				await proxy[Symbol.asyncDispose]();
			},
		};

		it("is noticed within 20 s while nothing is sent", () => both(scenarios.idle), 40_000);
		it(
			"is noticed within 20 s with full buffers, and calls end at their deadlines",
			() => both(scenarios.full),
			40_000,
		);
	});

	// Not the embedded server: it asks by itself whether we are there, and might be the one to find out.
	describeWith(quiet.needs, "a connection that is deaf", () => {
		let server: XmppServer;
		beforeAll(async () => {
			server = await quiet.start({
				...OPTIONS,
				bus: true,
				components: { "fn.localhost": "1", "deaf.localhost": "3", "deaf-full.localhost": "4" },
			});
		}, START_LIMIT_MS);
		afterAll(() => server?.stop(), START_LIMIT_MS);

		/** What the node sends is lost on the way; what others send to it, and what the server says by itself, arrives. */
		const deaf = async (kind: Kind, buffers: "idle" | "full") => {
			const domain = buffers === "idle" ? "deaf.localhost" : "deaf-full.localhost";
			const { proxy, node, left } = await stalledNode(server, kind, domain);
			const other = await createNode({ link: account(server, "bob") });
			await pingAnswered(proxy);
			proxy.stall("up");
			const stalledAtMs = performance.now();
			const received = proxy.bytes.down;
			const address = { to: kind === "client" ? node.jid : `probe.whoami@${domain}` };
			const talk = setInterval(
				() => void failure(other.client(probe, address).whoami(undefined, { timeoutMs: 500 })),
				500,
			);
			if (buffers === "full") {
				const client = node.client(probe, { domain: "fn.localhost" });
				const value = "x".repeat(30_000);
				for (let i = 0; i < 300; i++) void failure(client.echo({ value }, { timeoutMs: 1_000 }));
			}
			const { atMs, why } = await left;
			clearInterval(talk);
			expect(why).toContain("has not answered a ping");
			expect(atMs - stalledAtMs).toBeLessThan(NOTICED_WITHIN_MS);
			expect(proxy.bytes.down).toBeGreaterThan(received + 1_000);
			await other.close();
			await node.close();
			await proxy[Symbol.asyncDispose]();
		};

		for (const buffers of ["idle", "full"] as const) {
			it(
				`is noticed within 20 s while stanzas still come in, with buffers that are ${buffers}`,
				() => both((kind) => deaf(kind, buffers)),
				60_000,
			);
		}
	});

	describeWith(quiet.needs, `a provider behind the rate limit that Debian gives ${quiet.name}`, () => {
		let server: XmppServer;
		beforeAll(async () => {
			const users = { ...OPTIONS.users, mallory: "x" };
			server = await quiet.start({ ...OPTIONS, users, bus: false });
		}, START_LIMIT_MS);
		afterAll(() => server?.stop(), START_LIMIT_MS);

		it("answers others while a stranger floods it with what nobody serves, at once when that is over, and says so", async () => {
			const lines: string[] = [];
			const keep = (line: string) => void lines.push(line);
			const log = { debug() {}, info() {}, warn: keep, error: keep };
			await using node = await createNode({ link: account(server, "alice"), log });
			await using caller = await createNode({ link: account(server, "bob") });
			const ping = () =>
				caller.query({ type: "get", to: node.jid, payload: xml("ping", "urn:xmpp:ping"), timeoutMs: 30_000 });
			const { c2sPort: port, domain } = server;
			using mallory = await openClient({ port, domain, user: "mallory", password: "x", resource: "x" });
			const unanswered = () => node.stats().unanswered;
			let sent = 0;
			const flood = setInterval(() => {
				for (let i = 0; i < 30; i++)
					mallory.write(`<iq type='get' id='${sent++}' to='${node.jid}'><a xmlns='a'/></iq>`);
			}, 100);
			try {
				await expect.poll(unanswered, { timeout: 30_000 }).toBeGreaterThan(300);
				// Without a share of its own this one would wait behind all that the stranger has asked for, a minute by and by.
				for (let i = 0; i < 3; i++) {
					const askedAtMs = performance.now();
					await ping();
					expect(performance.now() - askedAtMs).toBeLessThan(ANSWERED_WITHIN_MS);
				}
				expect(lines.some((line) => /mallory@localhost\/x was dropped.*rate limit/.test(line))).toBe(true);
				expect(lines.length).toBeLessThan(10);
			} finally {
				clearInterval(flood);
				mallory[Symbol.dispose]();
			}
			await ping();
		}, 90_000);
	});
});

/** A node behind a proxy that can be stalled; `left` tells when and why it was online no more. */
async function stalledNode(server: XmppServer, kind: Kind, domain: string) {
	const proxy = await startTcpProxy({ target: { port: kind === "client" ? server.c2sPort : server.componentPort } });
	const link = kind === "client" ? account(server, "alice", proxy.port) : component(server, proxy.port, domain);
	const node = await createNode({ link });
	const left = new Promise<{ readonly atMs: number; readonly why: string }>((resolve) => {
		void (async () => {
			for await (const status of node.status()) {
				const why = "cause" in status ? String(status.cause) : status.state;
				if (status.state !== "online") return resolve({ atMs: performance.now(), why });
			}
		})();
	});
	return { proxy, node, left };
}

/** Waits until the login is long over, and then for a ping and its answer. The node has nothing else to say. */
async function pingAnswered(proxy: TcpProxy): Promise<void> {
	let last = proxy.bytes;
	let sinceMs = performance.now();
	const quietFor = () => {
		const { up, down } = proxy.bytes;
		if (up !== last.up || down !== last.down) sinceMs = performance.now();
		last = { up, down };
		return performance.now() - sinceMs;
	};
	await expect.poll(quietFor, { timeout: 15_000, interval: 20 }).toBeGreaterThan(1_500);
	const { up, down } = last;
	await expect.poll(() => proxy.bytes.up, { timeout: 10_000 }).toBeGreaterThan(up);
	await expect.poll(() => proxy.bytes.down, { timeout: 10_000 }).toBeGreaterThan(down);
}

/** How a link is refused: with one connection through this proxy, and for good. */
async function refusal(link: Link, proxy: TcpProxy): Promise<BusError> {
	const before = proxy.accepted;
	const error = await failure(createNode({ link }));
	expect(link.state.state).toBe("closed");
	expect(proxy.accepted - before).toBe(1);
	return error;
}
