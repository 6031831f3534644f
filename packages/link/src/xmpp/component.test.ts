import { createHash } from "node:crypto";
import { iq, message, NS } from "@antiphon/protocol";
import { afterEach, describe, expect, it } from "vitest";
import type { Link } from "../link.js";
import { type FakePeer, fakeServer, HEADER, streamError } from "../testing/fake-server.js";
import { componentTo } from "../testing/links.js";
import { opened, Recorder } from "../testing/recorder.js";

const links: Link[] = [];
const use = (link: Link) => {
	links.push(link);
	return link;
};
afterEach(() => {
	for (const link of links.splice(0)) link.destroy();
});

const header = (attributes: string) =>
	`<?xml version='1.0'?><stream:stream xmlns='${NS.component}' xmlns:stream='${NS.streams}' ${attributes}>`;

async function refused(script: (peer: FakePeer) => Promise<void>): Promise<unknown> {
	await using server = await fakeServer((peer) => script(peer));
	const recorder = new Recorder();
	const error: unknown = await use(componentTo(server))
		.open(recorder, { timeoutMs: 5000 })
		.then(
			() => undefined,
			(thrown) => thrown,
		);
	expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "closed"]);
	return error;
}

describe("A component link", () => {
	it("shows the server the hash of the stream's id and the secret, and owns its domain", async () => {
		await using server = await fakeServer(async (peer) => {
			const opening = await peer.header();
			expect(opening.attr("to")).toBe("fn.example.org");
			peer.send(header("id='abc' from='fn.example.org'"));
			const handshake = await peer.element();
			expect(handshake.text()).toBe(createHash("sha1").update("abcsecret").digest("hex"));
			peer.send("<handshake/>");
		});
		const link = use(componentTo(server));
		const recorder = await opened(link);
		expect(String((await recorder.state("online")).jid)).toBe("fn.example.org");
		expect(link.kind).toBe("component");
		expect(link.ownedDomain).toBe("fn.example.org");
	});

	it("hashes a stream id and a secret beyond ASCII as UTF-8", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.header();
			peer.send(header("id='ïd€'"));
			const handshake = await peer.element();
			expect(handshake.text()).toBe(createHash("sha1").update("ïd€sécret€").digest("hex"));
			peer.send("<handshake/>");
		});
		await opened(use(componentTo(server, { secret: "sécret€" })));
	});

	it("gives stanzas out in jabber:client and sends them in the stream's own namespace", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.handshake("<message id='m' from='a@b' to='x@fn.example.org'><body>hi</body></message>");
		});
		const link = use(componentTo(server));
		const recorder = await opened(link);
		const stanza = await recorder.stanza("m");
		expect(stanza.is("message", NS.client)).toBe(true);
		expect(stanza.child("body", NS.client)?.text()).toBe("hi");
		link.send(message({ id: "n", from: "x@fn.example.org", to: "a@b" }));
		const peer = await server.ready(1);
		await peer.element();
		expect(peer.received).toContain("<message id='n' to='a@b' from='x@fn.example.org'/>");
	});

	it("guards from and to: a server would end the stream", async () => {
		await using server = await fakeServer((peer) => peer.handshake());
		const link = use(componentTo(server));
		await opened(link);
		const invalid = expect.objectContaining({ code: "invalid-argument", executed: "no" });
		expect(() => link.send(message({ from: "x@fn.example.org" }))).toThrow(invalid);
		expect(() => link.send(message({ to: "a@b", from: "x@example.org" }))).toThrow(invalid);
		expect(() => link.send(message({ to: "a@b", from: "@" }))).toThrow(invalid);
		link.send(message({ id: "m", to: "a@b" }));
		expect((await (await server.ready(1)).element()).attr("from")).toBe("fn.example.org");
	});

	it("throws link-lost while it is offline", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.handshake();
			peer.send("</stream:stream>");
		});
		const link = use(componentTo(server, { timeouts: { minBackoffMs: 60_000, maxBackoffMs: 60_000 } }));
		const recorder = await opened(link);
		await recorder.state("waiting");
		expect(() => link.send(message({ to: "a@b" }))).toThrow(
			expect.objectContaining({ code: "link-lost", executed: "no" }),
		);
	});

	it("with a wrong secret is one clear error and no retry", async () => {
		const error = await refused(async (peer) => {
			await peer.header();
			peer.send(header("id='abc'"));
			await peer.element();
			peer.send(streamError("not-authorized"));
		});
		expect(error).toMatchObject({ code: "unauthenticated" });
		expect(String(error)).toContain("secret");
	});

	it("of a domain that the server does not know is one clear error and no retry", async () => {
		const error = await refused(async (peer) => {
			await peer.header();
			peer.send(HEADER + streamError("host-unknown"));
		});
		expect(error).toMatchObject({ code: "link-lost" });
		expect(String(error)).toContain("fn.example.org");
	});

	it("stops when another process takes the domain", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.handshake();
		});
		const recorder = await opened(use(componentTo(server)));
		(await server.ready(1)).send(streamError("conflict"));
		expect((await recorder.state("closed")).cause).toMatchObject({ code: "conflict" });
		expect(server.connections).toBe(1);
	});

	it("learns of a conflict that comes in one segment with the answer to its handshake", async () => {
		const error = await refused((peer) => peer.handshake(streamError("conflict")));
		expect(error).toMatchObject({ code: "conflict" });
	});

	it("gives up a server that never answers the handshake, and tries again", async () => {
		await using server = await fakeServer(async (peer, nth) => {
			if (nth > 1) return peer.handshake();
			await peer.header();
			peer.send(header("id='abc'"));
			await peer.closed();
		});
		const recorder = await opened(use(componentTo(server, { timeouts: { attemptMs: 200 } })));
		expect((await recorder.state("waiting")).cause.message).toContain("handshake");
		await server.ready(1);
	});

	it("does not answer to a stream without an id with a hash of the word undefined", async () => {
		await using server = await fakeServer(async (peer, nth) => {
			if (nth > 1) return peer.handshake();
			await peer.header();
			peer.send(header("from='fn.example.org'"));
			await peer.closed();
			expect(peer.received).not.toContain("<handshake");
		});
		await opened(use(componentTo(server)));
		await server.ready(1);
	});

	it("is refused in plaintext off loopback before a word is said, and allowed with insecure: true", async () => {
		await using server = await fakeServer((peer) => peer.handshake());
		const faraway = { isLoopback: () => false };
		const recorder = new Recorder();
		await expect(use(componentTo(server, {}, faraway)).open(recorder, { timeoutMs: 5000 })).rejects.toMatchObject({
			code: "forbidden",
		});
		expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "closed"]);
		await opened(use(componentTo(server, { insecure: true }, faraway)));
		expect((await server.ready(2)).received).toContain("<handshake");
	});

	it("pings its own domain, and takes the ping on its way back for the answer", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.handshake();
			for (let i = 0; i < 3; i++) {
				const ping = await peer.element();
				expect([ping.attr("from"), ping.attr("to")]).toEqual(["fn.example.org", "fn.example.org"]);
				peer.send(
					`<iq type='get' id='${ping.attr("id")}' from='fn.example.org' to='fn.example.org'><ping xmlns='${NS.ping}'/></iq>`,
				);
			}
			peer.send("<message id='m' to='fn.example.org' from='a@b'/>");
		});
		const link = use(componentTo(server, { timeouts: { quietMs: 50, replyMs: 5000 } }));
		const recorder = await opened(link);
		await recorder.stanza("m");
		expect(recorder.stanzas).toHaveLength(1);
		link.send(iq("result", { id: "done", to: "a@b" }));
		const peer = await server.ready(1);
		let next = await peer.element();
		while (next.child("ping", NS.ping) !== undefined) next = await peer.element();
		expect(next.attr("id")).toBe("done");
	});
});
