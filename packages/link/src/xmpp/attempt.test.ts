import { once } from "node:events";
import { connect } from "node:net";
import { NS } from "@antiphon/protocol";
import { afterEach, describe, expect, it, vi } from "vitest";
import { makeCertificate } from "../../../../test/kit/src/certificates.js";
import type { Link } from "../link.js";
import { closedPort, type FakePeer, fakeServer, HEADER, mechanisms } from "../testing/fake-server.js";
import { clientTo, componentTo } from "../testing/links.js";
import { opened, Recorder } from "../testing/recorder.js";
import { ClientRules } from "./client-rules.js";
import type { SrvRecord } from "./environment.js";

const links: Link[] = [];
const use = (link: Link) => {
	links.push(link);
	return link;
};
afterEach(() => {
	vi.useRealTimers();
	for (const link of links.splice(0)) link.destroy();
});

/** Who is silent when, and what the attempt then waits for, where it is sure to have come so far. */
const silences: [string, "client" | "component", (peer: FakePeer) => Promise<unknown>, string?][] = [
	["never opens the stream", "client", (peer) => peer.header(), "waiting for the stream to open"],
	["never sends features", "client", async (peer) => peer.header().then(() => peer.send(HEADER))],
	[
		"never challenges",
		"client",
		async (peer) => peer.open(mechanisms("SCRAM-SHA-1")).then(() => peer.element()),
		"logging in with SCRAM-SHA-1",
	],
	[
		"never answers STARTTLS",
		"client",
		async (peer) => {
			await peer.open(`<starttls xmlns='${NS.tls}'><required/></starttls>`);
			await peer.element();
		},
		"starting TLS",
	],
	[
		"never shakes hands in TLS",
		"client",
		async (peer) => {
			await peer.open(`<starttls xmlns='${NS.tls}'><required/></starttls>`);
			await peer.element();
			peer.send(`<proceed xmlns='${NS.tls}'/>`);
		},
	],
	["never opens the stream again after the login", "client", (peer) => peer.scram({ password: "pw" })],
	[
		"never binds",
		"client",
		async (peer) => {
			await peer.scram({ password: "pw" });
			await peer.open(`<bind xmlns='${NS.bind}'/>`);
			await peer.element();
		},
		"binding the resource",
	],
	["never opens the stream", "component", (peer) => peer.header(), "waiting for the stream to open"],
	[
		"never answers the handshake",
		"component",
		async (peer) => {
			await peer.header();
			peer.send(`<?xml version='1.0'?><stream:stream xmlns='${NS.component}' xmlns:stream='${NS.streams}' id='s'>`);
			await peer.element();
		},
		"waiting for the answer to the handshake",
	],
];

describe("An attempt to connect", () => {
	it.each(silences)(
		"at a server that %s is given up after its limit, and leaves no timer behind",
		async (_, kind, script, step) => {
			vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
			await using server = await fakeServer(async (peer) => void (await script(peer)));
			const recorder = new Recorder();
			const link = use(kind === "client" ? clientTo(server) : componentTo(server));
			const opening = link.open(recorder, { timeoutMs: 60_000 }).catch((error: unknown) => error);
			const peer = await server.ready(1);
			vi.advanceTimersByTime(9_999);
			expect(link.state.state).toBe("connecting");
			vi.advanceTimersByTime(1);
			const { cause } = await recorder.state("waiting");
			expect(cause).toMatchObject({ code: "link-lost", executed: "no" });
			if (step !== undefined) expect(cause.message).toMatch(new RegExp(`; gave up while ${step}$`));
			link.destroy();
			await opening;
			await peer.closed();
			// xmpp.js sets timers of its own, up to 30 s; they'd keep a process alive that wants to end.
			await new Promise((resolve) => setImmediate(resolve));
			expect(vi.getTimerCount()).toBe(0);
		},
	);

	it.each(["destroy", "close", "loss"] as const)("that succeeded leaves no timer behind after its %s", async (how) => {
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		await using server = await fakeServer(async (peer) => {
			await peer.online();
			peer.end().then(
				() => peer.send("</stream:stream>"),
				() => {},
			);
		});
		const link = use(clientTo(server));
		const recorder = await opened(link);
		const peer = await server.ready(1);
		expect(vi.getTimerCount()).toBeGreaterThan(0);
		if (how === "close") await link.close();
		if (how === "loss") {
			peer.destroy();
			await recorder.state("waiting");
			expect(vi.getTimerCount()).toBe(1);
		}
		link.destroy();
		await peer.closed();
		expect(vi.getTimerCount()).toBe(0);
	});

	it("that is given up at any moment of the negotiation leaves no timer behind", async () => {
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		await using server = await fakeServer((peer) => peer.online());
		// Features, challenge, success, features, binding; and each of the turns in which xmpp.js goes on from there.
		for (let element = 1; element <= 5; element++) {
			for (let turns = 0; turns < 12; turns++) {
				const link = use(clientTo(server));
				const destroyAfter = (left: number) => {
					if (left === 0) link.destroy();
					else queueMicrotask(() => destroyAfter(left - 1));
				};
				const { admit } = ClientRules.prototype;
				let seen = 0;
				const spy = vi.spyOn(ClientRules.prototype, "admit").mockImplementation(function (this: ClientRules, shown) {
					if (++seen === element) queueMicrotask(() => destroyAfter(turns));
					return admit.call(this, shown);
				});
				await link.open(new Recorder(), { timeoutMs: 60_000 }).catch(() => {});
				spy.mockRestore();
				for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
				expect(seen).toBe(element);
				expect(`${vi.getTimerCount()} after element ${element}, turn ${turns}`).toMatch(/^0 /);
			}
		}
	});

	it("goes on to the next server of the domain when the first refuses", async () => {
		const refusing = await closedPort();
		await using server = await fakeServer((peer) => peer.online());
		const link = clientTo(
			server,
			{ url: "xmpp://example.org" },
			{
				resolveSrv: async (name) =>
					name.startsWith("_xmpps")
						? []
						: [
								{ name: "127.0.0.1", port: refusing, priority: 1, weight: 0 },
								{ name: "127.0.0.1", port: server.port, priority: 2, weight: 0 },
							],
			},
		);
		const recorder = await opened(use(link));
		expect(recorder.states).toHaveLength(2);
	});

	it("leaves time for the next server when the first is mute", async () => {
		// Time stands still but for what the first server uses up, however long the rest takes.
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		await using mute = await fakeServer(async () => {});
		await using server = await fakeServer((peer) => peer.online());
		const link = clientTo(
			server,
			{ url: "xmpp://example.org", timeouts: { attemptMs: 2000 } },
			{
				resolveSrv: async (name) => [
					name.startsWith("_xmpps")
						? { name: "127.0.0.1", port: mute.port, priority: 1, weight: 0 }
						: { name: "127.0.0.1", port: server.port, priority: 2, weight: 0 },
				],
			},
		);
		const opening = opened(use(link));
		await mute.ready(1);
		vi.advanceTimersByTime(1000);
		const recorder = await opening;
		expect(recorder.states).toHaveLength(2);
		expect(mute.connections).toBe(1);
	});

	it("does not go on to another server when the certificate of the first is wrong", async () => {
		const wrong = makeCertificate({ domains: ["example.net"] });
		await using first = await fakeServer(async (peer) => peer.secure(wrong));
		await using second = await fakeServer((peer) => peer.online());
		const link = clientTo(
			second,
			{ url: "xmpp://example.org", ca: wrong.ca },
			{
				resolveSrv: async (name) => [
					name.startsWith("_xmpps")
						? { name: "127.0.0.1", port: first.port, priority: 1, weight: 0 }
						: { name: "127.0.0.1", port: second.port, priority: 2, weight: 0 },
				],
			},
		);
		await expect(use(link).open(new Recorder(), { timeoutMs: 5000 })).rejects.toMatchObject({ code: "forbidden" });
		expect(second.connections).toBe(0);
	});

	it("that is destroyed during the look-up leaves no timer behind, and connects to nobody when the answer comes", async () => {
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		await using server = await fakeServer(async () => {});
		let answer: (records: SrvRecord[]) => void = () => {};
		const asked = new Promise<SrvRecord[]>((resolve) => {
			answer = resolve;
		});
		const link = use(clientTo(server, { url: "xmpp://example.org" }, { resolveSrv: () => asked }));
		const opening = link.open(new Recorder(), { timeoutMs: 60_000 }).catch((error: unknown) => error);
		link.destroy();
		await opening;
		await new Promise((resolve) => setImmediate(resolve));
		expect(vi.getTimerCount()).toBe(0);
		answer([{ name: "127.0.0.1", port: server.port, priority: 1, weight: 0 }]);
		// A connection that began with the answer would come before this one.
		await new Promise((resolve) => setImmediate(resolve));
		const later = connect({ host: "127.0.0.1", port: server.port });
		await once(later, "connect");
		await server.ready(1);
		expect(server.connections).toBe(1);
		later.destroy();
	});

	it("includes the look-up in its limit", async () => {
		await using server = await fakeServer(async () => {});
		const recorder = new Recorder();
		const link = use(
			clientTo(
				server,
				{ url: "xmpp://example.org", timeouts: { attemptMs: 50 } },
				{ resolveSrv: () => new Promise(() => {}) },
			),
		);
		link.open(recorder, { timeoutMs: 60_000 }).catch(() => {});
		expect((await recorder.state("waiting")).cause.message).toContain("looking up example.org");
		expect(server.connections).toBe(0);
	});
});
