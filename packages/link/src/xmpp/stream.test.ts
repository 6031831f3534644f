import { BusError, iq, message, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { afterEach, describe, expect, it } from "vitest";
import type { Link } from "../link.js";
import { closedPort, type FakePeer, fakeServer, HEADER, streamError } from "../testing/fake-server.js";
import { clientTo, componentTo } from "../testing/links.js";
import { opened, Recorder } from "../testing/recorder.js";

const links: Link[] = [];
const use = (link: Link) => {
	links.push(link);
	return link;
};
afterEach(() => {
	for (const link of links.splice(0)) link.destroy();
});

/** The first connection gets `input` once it is online; every later one just stays online. */
async function fed(input: (peer: FakePeer) => Promise<void>) {
	return fakeServer(async (peer, nth) => {
		await peer.online();
		if (nth === 1) await input(peer);
	});
}

describe("What a server sends", () => {
	it("arrives whole when a character is split across TCP segments", async () => {
		await using server = await fed(async (peer) => {
			const bytes = Buffer.from("<message id='m'><body>𝄞 déjà vu €</body></message>");
			for (const byte of bytes) await peer.sendAlone(Uint8Array.of(byte));
		});
		const recorder = await opened(use(clientTo(server)));
		expect((await recorder.stanza("m")).child("body")?.text()).toBe("𝄞 déjà vu €");
	});

	it("may hold white space between stanzas for ever, and nothing piles up", async () => {
		await using server = await fed(async (peer) => {
			const spaces = " \n".repeat(512 * 1024);
			for (let i = 0; i < 8; i++) peer.send(spaces);
			peer.send("<message id='m'/>");
		});
		const recorder = await opened(use(clientTo(server, { limits: { maxIncomingStanzaBytes: 1000 } })));
		await recorder.stanza("m");
		expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "online"]);
	});

	it.each([
		["an unknown entity", "<message><body>&foo;</body></message>"],
		["a reference to NUL", "<message><body>&#0;</body></message>"],
		["a DOCTYPE", "<!DOCTYPE x [<!ENTITY a 'b'>]><message/>"],
		["a comment", "<!-- --><message/>"],
		["a processing instruction", "<?php ?><message/>"],
		["an attribute twice", "<message id='a' id='b'/>"],
		["a raw control character", "<message><body>\u0001</body></message>"],
		["tags that do not match", "<message></presence>"],
		["an undeclared prefix", "<x:message/>"],
		["text between stanzas", "hello"],
		["a byte that is not UTF-8", Buffer.from([0x3c, 0x6d, 0x3e, 0xff])],
	])("is a stream error and a reconnect, never an uncaught exception, when it has %s", async (_, input) => {
		await using server = await fed(async (peer) => {
			peer.send(input);
			await peer.closed();
			expect(peer.received).toContain("<stream:error>");
		});
		const recorder = await opened(use(clientTo(server)));
		expect((await recorder.state("waiting")).cause).toMatchObject({ code: "link-lost" });
		await recorder.state("online", 2);
		expect(recorder.stanzas).toEqual([]);
		await server.ready(1);
	});

	it("does no harm with a from='@' or any other address that is none (compare CVE-2019-1000007)", async () => {
		await using server = await fed(async (peer) => {
			peer.send("<message id='m1' from='@'/><iq id='m2' type='get' from='a@b@c' to='///'/><presence id='m3' from=''/>");
		});
		const recorder = await opened(use(clientTo(server)));
		await recorder.stanza("m3");
		expect(recorder.stanzas.map((stanza) => stanza.attr("id"))).toEqual(["m1", "m2", "m3"]);
	});

	it("is bounded: a stanza over the limit is skipped, and one at it is not", async () => {
		const stanza = (id: string, bytes: number) => {
			const [open, close] = [`<message id='${id}'><body>`, "</body></message>"];
			return open + "x".repeat(bytes - open.length - close.length) + close;
		};
		await using server = await fed(async (peer) => peer.send(stanza("over", 10_001) + stanza("at", 10_000)));
		const recorder = await opened(use(clientTo(server, { limits: { maxIncomingStanzaBytes: 10_000 } })));
		await recorder.stanza("at");
		expect(recorder.stanzas).toHaveLength(1);
		expect(recorder.skipped).toMatchObject([{ limit: "maxStanzaBytes", bytes: 10_001 }]);
		expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "online"]);
	});

	it("is bounded before login, too: a flood is cut off", async () => {
		await using server = await fakeServer(async (peer, nth) => {
			if (nth > 1) return peer.online();
			await peer.header();
			peer.send(HEADER);
			for (let i = 0; i < 100; i++) peer.send(" ".repeat(10_000));
			await peer.closed();
		});
		const recorder = await opened(use(clientTo(server)));
		expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "waiting", "connecting", "online"]);
		await server.ready(1);
	});

	it("goes past what is not a stanza: an element of an unknown extension is dropped", async () => {
		await using server = await fed(async (peer) => {
			peer.send(`<r xmlns='${NS.streamManagement}'/><message xmlns='urn:x'/><message id='m'/>`);
		});
		const recorder = await opened(use(clientTo(server)));
		await recorder.stanza("m");
		expect(recorder.stanzas).toHaveLength(1);
	});

	it("is handled in order even when the listener closes the link in the middle", async () => {
		await using server = await fed(async (peer) => peer.send("<message id='m1'/><message id='m2'/><message id='m3'/>"));
		const link = use(clientTo(server));
		const seen: (string | undefined)[] = [];
		const closed = new Promise<void>((resolve) => {
			void link.open(
				{
					onStanza(stanza) {
						seen.push(stanza.attr("id"));
						if (stanza.attr("id") === "m2") link.destroy();
					},
					onState: (state) => state.state === "closed" && resolve(),
				},
				{ timeoutMs: 5000 },
			);
		});
		await closed;
		expect(seen).toEqual(["m1", "m2"]);
	});
});

describe("A stream that the server ends", () => {
	it("with conflict stops the reconnecting", async () => {
		await using server = await fed(async (peer) => peer.send(streamError("conflict")));
		const recorder = await opened(use(clientTo(server)));
		const { cause } = await recorder.state("closed");
		expect(cause).toMatchObject({ code: "conflict" });
		expect(cause?.message).toContain("resource");
		expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "online", "closed"]);
		expect(server.connections).toBe(1);
	});

	it.each(["not-authorized", "host-unknown", "host-gone"])("with %s stops it, too", async (condition) => {
		await using server = await fed(async (peer) => peer.send(streamError(condition)));
		const recorder = await opened(use(clientTo(server)));
		await recorder.state("closed");
		expect(server.connections).toBe(1);
	});

	it.each(["system-shutdown", "reset", "policy-violation", "undefined-condition", "of-the-future"])(
		"with %s is opened again",
		async (condition) => {
			await using server = await fed(async (peer) => peer.send(streamError(condition)));
			const recorder = await opened(use(clientTo(server)));
			expect((await recorder.state("waiting")).cause.message).toContain(condition);
			await recorder.state("online", 2);
		},
	);

	it("with see-other-host is opened again where it was: anybody on the way could send that", async () => {
		await using server = await fakeServer(async (peer, nth) => {
			if (nth > 1) return peer.online();
			await peer.header();
			peer.send(HEADER + streamError("see-other-host", "127.0.0.1:1"));
		});
		const recorder = await opened(use(clientTo(server)));
		expect((await recorder.state("waiting")).cause.message).toContain("another host");
		expect(server.connections).toBe(2);
	});

	it.each([
		["in order", (peer: FakePeer) => peer.send("</stream:stream>")],
		["by closing the connection", (peer: FakePeer) => peer.socket.end()],
		["by resetting the connection", (peer: FakePeer) => peer.socket.resetAndDestroy()],
	])("%s is opened again", async (_, end) => {
		await using server = await fed(async (peer) => end(peer));
		const recorder = await opened(use(clientTo(server)));
		expect((await recorder.state("waiting")).cause).toMatchObject({ code: "link-lost" });
		await recorder.state("online", 2);
	});
});

describe("What a link sends", () => {
	it("in one turn leaves in one write, and in order", async () => {
		await using server = await fed(async () => {});
		const link = use(clientTo(server));
		await opened(link);
		const peer = await server.ready(1);
		const before = peer.chunks.length;
		for (let i = 0; i < 100; i++) {
			if (i < 50) link.send(message({ id: `m${i}` }));
			else Promise.resolve().then(() => link.send(message({ id: `m${i}` })));
		}
		for (let i = 0; i < 100; i++) expect((await peer.element()).attr("id")).toBe(`m${i}`);
		expect(peer.chunks.length - before).toBe(1);
	});

	it("and is too large is refused here with too-large, and the stream goes on", async () => {
		await using server = await fed(async () => {});
		const link = use(clientTo(server));
		await opened(link);
		const large = message({ id: "large" }, xml("body", NS.client, {}, "x".repeat(65_536)));
		expect(() => link.send(large)).toThrow(expect.objectContaining({ code: "too-large", executed: "no" }));
		const wide = message({ id: "wide" }, xml("body", NS.client, {}, "€".repeat(30_000)));
		expect(() => link.send(wide)).toThrow(expect.objectContaining({ code: "too-large" }));
		link.send(message({ id: "small" }));
		const peer = await server.ready(1);
		expect((await peer.element()).attr("id")).toBe("small");
		expect(link.state.state).toBe("online");
	});

	it.each([
		["a character that XML cannot carry", message({ id: "x" }, xml("body", NS.client, {}, "a\0b"))],
		["an attribute with one", message({ id: "x\u0001" })],
		["what is no stanza", xml("enable", NS.streamManagement)],
		["a stanza of another namespace", xml("message", NS.component)],
		["somebody else's address", message({ from: "other@example.org" })],
	])("and has %s is refused with invalid-argument, and the stream goes on", async (_, stanza) => {
		await using server = await fed(async () => {});
		const link = use(clientTo(server));
		await opened(link);
		expect(() => link.send(stanza)).toThrow(expect.objectContaining({ code: "invalid-argument", executed: "no" }));
		link.send(message({ id: "fine", from: "user@example.org/bound" }));
		expect((await (await server.ready(1)).element()).attr("id")).toBe("fine");
	});

	it("cannot be turned into other stanzas by what it holds (compare CVE-2022-25236)", async () => {
		await using server = await fed(async () => {});
		const link = use(clientTo(server));
		await opened(link);
		const nasty = `'"<>&]]></body></message><message id='smuggled'/>`;
		link.send(message({ id: nasty }, xml("body", NS.client, {}, nasty)));
		const received = await (await server.ready(1)).element();
		expect(received.attr("id")).toBe(nasty);
		expect(received.child("body")?.text()).toBe(nasty);
	});

	it("waits on this side when a server is slow to deal with it, so that the answer to a ping comes in time", async () => {
		const total = 80;
		await using server = await fed(async (peer) => {
			// If all were sent at once, the ping behind it would be answered after 1.2 s, and 0.9 s are allowed.
			const ids: string[] = [];
			while (ids.length < total) {
				const element = await peer.element();
				if (element.name === "message") {
					ids.push(element.attr("id") as string);
					await new Promise((resolve) => setTimeout(resolve, 15));
				} else peer.send(`<iq type='result' id='${element.attr("id")}'/>`);
			}
			expect(ids).toEqual(Array.from({ length: total }, (_, i) => `m${i}`));
			peer.send("<message id='done'/>");
		});
		const link = use(clientTo(server, { timeouts: { quietMs: 300, replyMs: 600 } }));
		const recorder = await opened(link);
		for (let i = 0; i < total; i++) {
			link.send(message({ id: `m${i}` }, xml("body", NS.client, {}, "x".repeat(16_000))));
		}
		await recorder.stanza("done");
		expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "online"]);
	});

	it("does not wait for a server that talks and never answers a ping", async () => {
		await using server = await fed(async (peer) => {
			const timer = setInterval(() => peer.send(" "), 20);
			peer.socket.on("close", () => clearInterval(timer));
			for (let count = 0; count < 20; ) if ((await peer.element()).name === "message") count += 1;
			peer.send("<message id='done'/>");
		});
		const link = use(clientTo(server, { timeouts: { quietMs: 100, replyMs: 200 } }));
		const recorder = await opened(link);
		for (let i = 0; i < 20; i++) link.send(message({}, xml("body", NS.client, {}, "x".repeat(16_000))));
		await recorder.stanza("done");
	});

	it("is bounded: when the server takes nothing, send throws overloaded", async () => {
		await using server = await fed(async (peer) => {
			peer.socket.pause();
		});
		const link = use(clientTo(server, { limits: { maxBufferedBytes: 1_000_000 } }));
		await opened(link);
		await server.ready(1);
		const stanza = message({}, xml("body", NS.client, {}, "x".repeat(50_000)));
		let thrown: unknown;
		for (let i = 0; i < 10_000 && thrown === undefined; i++) {
			try {
				link.send(stanza);
			} catch (error) {
				thrown = error;
			}
			if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
		}
		expect(thrown).toBeInstanceOf(BusError);
		expect(thrown).toMatchObject({ code: "overloaded", executed: "no" });
		expect(link.state.state).toBe("online");
		expect(link.backlog).toBeGreaterThan(0.9);
		expect(link.backlog).toBeLessThanOrEqual(1);
	});
});

describe("A peer that is dead", () => {
	const quick = { quietMs: 100, replyMs: 100, stallMs: 300 };

	it("is noticed when the connection is half-open and idle", async () => {
		await using server = await fed(async (peer) => {
			peer.socket.pause();
		});
		const recorder = await opened(use(clientTo(server, { timeouts: quick })));
		expect((await recorder.state("waiting")).cause).toMatchObject({ code: "link-lost" });
		expect((await recorder.state("waiting")).cause.message).toMatch(/silent/);
	});

	it("is noticed when the connection is half-open and its buffers are full, without waiting for a write", async () => {
		await using server = await fed(async (peer) => {
			peer.socket.pause();
		});
		const link = use(clientTo(server, { timeouts: quick, limits: { maxBufferedBytes: 20_000_000 } }));
		const recorder = await opened(link);
		await server.ready(1);
		const stanza = message({}, xml("body", NS.client, {}, "x".repeat(60_000)));
		for (let i = 0; i < 300; i++) link.send(stanza);
		expect((await recorder.state("waiting")).cause).toMatchObject({ code: "link-lost" });
		await recorder.state("online", 2);
	});

	it("is noticed when it talks and never reads", async () => {
		await using server = await fed(async (peer) => {
			peer.socket.pause();
			const timer = setInterval(() => peer.send(" "), 20);
			peer.socket.on("close", () => clearInterval(timer));
		});
		const link = use(clientTo(server, { timeouts: quick, limits: { maxBufferedBytes: 20_000_000 } }));
		const recorder = await opened(link);
		await server.ready(1);
		const stanza = message({}, xml("body", NS.client, {}, "x".repeat(60_000)));
		for (let i = 0; i < 300; i++) link.send(stanza);
		expect((await recorder.state("waiting")).cause.message).toContain("taken nothing");
	});

	it.each(["client", "component"] as const)(
		"is noticed by a %s when it has read and answered, talks, and reads no more, though nothing is full",
		async (kind) => {
			await using server = await fakeServer(async (peer) => {
				await (kind === "client" ? peer.online() : peer.handshake());
				const ping = await peer.element();
				peer.socket.pause();
				const timer = setInterval(() => peer.send(" "), 20);
				peer.socket.on("close", () => clearInterval(timer));
				peer.send(`<iq type='result' id='${ping.attr("id")}'/>`);
			});
			const timeouts = { ...quick, stallMs: 60_000 };
			const link = use(kind === "client" ? clientTo(server, { timeouts }) : componentTo(server, { timeouts }));
			const recorder = await opened(link);
			expect((await recorder.state("waiting")).cause.message).toContain("has not answered a ping");
		},
	);

	it("is not one that never answers a ping and talks", async () => {
		let pings = 0;
		await using server = await fed(async (peer) => {
			const timer = setInterval(() => peer.send(" "), 20);
			peer.socket.on("close", () => clearInterval(timer));
			for (; pings < 4; pings++) await peer.element();
			peer.send("<message id='m'/>");
		});
		const recorder = await opened(use(clientTo(server, { timeouts: quick })));
		await recorder.stanza("m");
		expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "online"]);
	});

	it("is not one that answers pings, and the application sees nothing of them", async () => {
		let pings = 0;
		await using server = await fed(async (peer) => {
			while (pings < 3) {
				const ping = await peer.element();
				expect(ping.attr("to")).toBe("example.org");
				expect(ping.child("ping", NS.ping)).toBeDefined();
				pings += 1;
				peer.send(
					pings === 2
						? `<iq type='error' id='${ping.attr("id")}'><error type='cancel'/></iq>`
						: `<iq type='result' id='${ping.attr("id")}'/>`,
				);
			}
			peer.send("<message id='m'/>");
		});
		const recorder = await opened(use(clientTo(server, { timeouts: { quietMs: 50, replyMs: 5000 } })));
		await recorder.stanza("m");
		expect(recorder.stanzas).toHaveLength(1);
		expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "online"]);
	});

	it("is given up when it accepts the connection and stays mute", async () => {
		await using server = await fakeServer(async (peer, nth) => {
			if (nth > 1) await peer.online();
		});
		const recorder = await opened(use(clientTo(server, { timeouts: { attemptMs: 200 } })));
		const { cause } = await recorder.state("waiting");
		expect(cause).toMatchObject({ code: "link-lost" });
		expect(cause.message).toContain("200 ms");
	});

	it.each([
		["after the header", 1],
		["after the login", 2],
	])("is given up when it falls silent %s, and nothing of the attempt is left", async (_, steps) => {
		await using server = await fakeServer(async (peer, nth) => {
			if (nth > 1) return peer.online();
			if (steps === 1) {
				await peer.header();
				peer.send(HEADER);
			} else {
				await peer.scram({ password: "pw" });
				await peer.open(`<bind xmlns='${NS.bind}'/>`);
			}
			await peer.closed();
		});
		const recorder = await opened(use(clientTo(server, { timeouts: { attemptMs: 300 } })));
		expect((await recorder.state("waiting")).cause.message).toContain("300 ms");
		await server.ready(1);
	});

	it("leaves open() to its own time limit when nobody listens", async () => {
		const recorder = new Recorder();
		const link = use(clientTo({ port: await closedPort() }));
		await expect(link.open(recorder, { timeoutMs: 300 })).rejects.toMatchObject({ code: "link-lost" });
		expect(recorder.states.filter((state) => state.state === "waiting").length).toBeGreaterThan(1);
	});
});

describe("Closing", () => {
	it("sends what is waiting, then the end of the stream, and is done when the server ends its own", async () => {
		await using server = await fed(async (peer) => {
			await peer.end();
			peer.send("</stream:stream>");
		});
		const link = use(clientTo(server, { timeouts: { closeMs: 60_000 } }));
		const recorder = await opened(link);
		for (let i = 0; i < 50; i++) link.send(iq("get", { id: `i${i}`, to: "example.org" }));
		await link.close();
		const peer = await server.ready(1);
		expect(peer.received.trimEnd()).toMatch(/id='i49'[^<]*<\/stream:stream>$/);
		expect(recorder.states.at(-1)).toEqual({ state: "closed" });
	});

	it("is bounded when the server does not answer, or takes nothing any more", async () => {
		await using server = await fed(async (peer) => {
			peer.socket.pause();
		});
		const link = use(clientTo(server, { timeouts: { closeMs: 100 }, limits: { maxBufferedBytes: 20_000_000 } }));
		await opened(link);
		await server.ready(1);
		const stanza = message({}, xml("body", NS.client, {}, "x".repeat(60_000)));
		for (let i = 0; i < 300; i++) link.send(stanza);
		await link.close();
		expect(link.state.state).toBe("closed");
	});

	it("delivers nothing more to the listener", async () => {
		await using server = await fed(async (peer) => {
			await peer.end();
			peer.send("<message id='late'/></stream:stream>");
		});
		const link = use(clientTo(server));
		const recorder = await opened(link);
		await link.close();
		expect(recorder.stanzas).toEqual([]);
	});
});
