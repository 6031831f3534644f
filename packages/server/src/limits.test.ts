import { connect } from "node:net";
import { decodeStanzaError, iq, NS, presence } from "@antiphon/protocol";
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

	it("on a roster count its bytes, and let the states of subscriptions change all the same", async () => {
		await using server = await startTestServer({ limits: { maxRosterBytes: 550 } });
		using a = await RawClient.login(server.port, "a", "pw");
		const set = async (jid: string, name: string) => {
			a.send(iq("set", { id: "1" }, xml("query", NS.roster, {}, xml("item", NS.roster, { jid, name }))));
			const [answer] = await a.settle();
			return answer?.attr("type") === "error" ? decodeStanzaError(answer).condition : answer?.attr("type");
		};
		expect(await set("b@localhost", "x".repeat(300))).toBe("result");
		expect(await set("c@localhost", "x".repeat(200))).toBe("resource-constraint");
		expect(await set("c@localhost", "€".repeat(30))).toBe("result");
		expect(await set("c@localhost", "€".repeat(60))).toBe("resource-constraint");
		a.send(presence({ type: "subscribe", to: "d@localhost" }));
		expect((await a.settle()).map((stanza) => decodeStanzaError(stanza).condition)).toEqual(["resource-constraint"]);
		a.send(presence({ type: "subscribe", to: "b@localhost" }));
		expect(await a.settle()).toEqual([]);
		expect(await set("b@localhost", "")).toBe("result");
		expect(await set("d@localhost", "x".repeat(200))).toBe("result");
	});

	it("on a presence refuse it to its sender, who stays as it was", async () => {
		await using server = await startTestServer({ limits: { maxPresenceBytes: 1000 } });
		using a = await RawClient.login(server.port, "a", "pw", "x");
		using b = await RawClient.login(server.port, "b", "pw", "y");
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		const long = xml("status", NS.client, {}, "x".repeat(2100));
		const stanzas = [
			presence({}, long),
			presence({ to: b.jid }, long),
			presence({ to: b.jid, type: "subscribe" }, long),
		];
		for (const stanza of stanzas) {
			a.send(stanza);
			expect((await a.settle()).map((answer) => decodeStanzaError(answer).condition)).toEqual(["policy-violation"]);
		}
		await b.available();
		fn.send(presence({ from: "x@fn.localhost", to: "b@localhost" }, long));
		fn.send(presence({ from: "x@fn.localhost", to: "b@localhost", type: "subscribe" }, long));
		for (let i = 0; i < 2; i++) expect(decodeStanzaError(await fn.next()).condition).toBe("policy-violation");
		expect(await b.settle()).toEqual([]);
		await a.available();
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
