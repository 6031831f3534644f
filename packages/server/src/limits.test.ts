import { connect } from "node:net";
import { iq, message, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { DEFAULT_SERVER_LIMITS, resolveLimits } from "./limits.js";
import { RawClient } from "./testing/raw-client.js";
import { eventually, recordingLog, startTestServer } from "./testing/start.js";

describe("The limits", () => {
	it("are the defaults where nothing else is said, and refuse what is no limit", () => {
		expect(resolveLimits()).toEqual(DEFAULT_SERVER_LIMITS);
		expect(resolveLimits({ maxConnections: 5 })).toEqual({ ...DEFAULT_SERVER_LIMITS, maxConnections: 5 });
		expect(() => resolveLimits({ maxConnections: 0 })).toThrow(
			"limits.maxConnections must be a whole number from 1 to 9007199254740991, not 0",
		);
		expect(() => resolveLimits({ maxConnections: Number.NaN })).toThrow("maxConnections");
		expect(() => resolveLimits({ maxConection: 1 } as object)).toThrow("limits.maxConection: there is no such setting");
	});

	it("on connections refuse one more with resource-constraint, and it may come back later", async () => {
		await using server = await startTestServer({ limits: { maxConnections: 2 } });
		const a = await RawClient.login(server.port, "a", "pw");
		using _b = await RawClient.login(server.port, "b", "pw");
		using c = await RawClient.connect(server.port);
		expect(await c.streamError()).toBe("resource-constraint");
		using fn = await RawClient.connect(server.componentPort, NS.component);
		expect(await fn.streamError()).toBe("resource-constraint");
		a[Symbol.dispose]();
		await eventually(() => server.stats().connections === 1, "one connection is left");
		using _again = await RawClient.login(server.port, "c", "pw");
	});

	it("on connections that have not logged in spare those that have", async () => {
		await using server = await startTestServer({ limits: { maxUnauthenticated: 1 } });
		using a = await RawClient.login(server.port, "a", "pw");
		using idle = await RawClient.connect(server.port);
		await eventually(() => server.stats().unauthenticated === 1, "one waits");
		using _b = await RawClient.login(server.port, "b", "pw");
		expect(await idle.streamError()).toBe("resource-constraint");
		expect(await a.settle()).toEqual([]);
		expect(server.stats()).toMatchObject({ unauthenticated: 0, clients: 2 });
	});

	it("on connections that have not logged in let clients and components in through a flood of idle ones", async () => {
		await using server = await startTestServer({ limits: { maxUnauthenticated: 20 } });
		const idle: RawClient[] = [];
		const flood = async (port: number) => {
			for (let i = 0; i < 50; i++) idle.push(await RawClient.connect(port));
		};
		try {
			await flood(server.port);
			using component = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
			await flood(server.componentPort);
			using client = await RawClient.login(server.port, "a", "pw", "x");
			using another = await RawClient.component(server.componentPort, "other.localhost", "0ther");
			client.send(iq("get", { id: "1", to: "f@fn.localhost" }, xml("q", "urn:q")));
			expect((await component.next()).attr("from")).toBe("a@localhost/x");
			expect(another.ended).toBe(false);
			expect(server.stats().unauthenticated).toBeLessThanOrEqual(40);
		} finally {
			for (const peer of idle) peer[Symbol.dispose]();
		}
	});

	it("on the time to log in end a stream that stays silent, stays unbound, or shakes no hands", async () => {
		await using server = await startTestServer({ limits: { loginTimeoutMs: 300 } });
		using silent = await RawClient.connect(server.port);
		using mute = await RawClient.connect(server.componentPort, NS.component);
		mute.open("fn.localhost");
		using unbound = await RawClient.connect(server.port);
		await unbound.authenticate("a", "pw");
		using bound = await RawClient.login(server.port, "b", "pw");
		for (const peer of [silent, mute, unbound]) expect(await peer.streamError()).toBe("connection-timeout");
		expect(await bound.settle()).toEqual([]);
	});

	it("on a stanza count the bytes, and let one of exactly that size pass", async () => {
		await using server = await startTestServer({ limits: { maxStanzaBytes: 20_000 } });
		using a = await RawClient.login(server.port, "a", "pw");
		const shell = "<message to='b@localhost/y'><body></body></message>".length;
		using b = await RawClient.login(server.port, "b", "pw", "y");
		const send = (bytes: number) =>
			a.write(`<message to='b@localhost/y'><body>${"x".repeat(bytes - shell)}</body></message>`);
		send(20_000);
		expect((await b.next()).child("body")?.text()).toHaveLength(20_000 - shell);
		send(20_001);
		expect(await a.streamError()).toBe("policy-violation");
		expect(await b.settle()).toEqual([]);
	});

	it("on what waits to be sent end a slow consumer, and only that", async () => {
		const log = recordingLog();
		const limits = { maxQueuedBytes: 500_000, closeTimeoutMs: 200 };
		await using server = await startTestServer({ log, limits });
		using a = await RawClient.login(server.port, "a", "pw");
		using slow = await RawClient.login(server.port, "b", "pw", "slow");
		slow.socket.pause();
		const body = xml("body", NS.client, {}, "x".repeat(50_000));
		for (let i = 0; i < 400 && server.stats().clients === 2; i++) {
			a.send(message({ to: slow.jid, type: "headline" }, body));
			await a.settle();
		}
		await eventually(() => server.stats().connections === 1, "the slow consumer is gone");
		expect(server.stats().queuedBytes).toBe(0);
		expect(log.lines.join("\n")).toMatch(
			/client b@localhost\/slow from .*closed with resource-constraint.*Read faster/,
		);
		a.send(iq("get", { id: "1", to: slow.jid }, xml("q", "urn:q")));
		expect((await a.next()).attr("type")).toBe("error");
	});
});

describe("Liveness", () => {
	it("keeps peers that answer a ping, with whatever they answer", async () => {
		const limits = { pingAfterMs: 50, pingTimeoutMs: 2000 };
		await using server = await startTestServer({ limits });
		using a = await RawClient.login(server.port, "a", "pw");
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		for (const peer of [a, fn, a, fn]) {
			const ping = await peer.next();
			expect(ping.child("ping", NS.ping)).toBeDefined();
			expect([ping.attr("from"), ping.attr("to")]).toEqual(["localhost", peer.jid]);
			peer.write(" ");
		}
		expect(server.stats()).toMatchObject({ clients: 1, components: 1 });
	});

	it("removes peers that are gone without a word, with full buffers too", async () => {
		const log = recordingLog();
		const limits = { pingAfterMs: 100, pingTimeoutMs: 100, closeTimeoutMs: 100 };
		await using server = await startTestServer({ log, limits });
		using idle = await RawClient.login(server.port, "a", "pw");
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		for (const peer of [idle, fn]) peer.socket.pause();
		await eventually(() => server.stats().connections === 0, "nobody is left");
		expect(server.stats()).toMatchObject({ clients: 0, components: 0 });
		expect(log.lines.join("\n")).toMatch(/component fn\.localhost from .*connection-timeout: no answer to a ping/);
	});
});

it("A connection that ends only half is closed", async () => {
	await using server = await startTestServer();
	const socket = connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true });
	socket.end("<?xml version='1.0'?>");
	socket.resume();
	await new Promise((resolve) => socket.once("close", resolve));
	await eventually(() => server.stats().connections === 0, "no connection left");
});
