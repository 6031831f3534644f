import { once } from "node:events";
import { NS } from "@antiphon/protocol";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate, type ServerCertificate } from "../../../../test/kit/src/certificates.js";
import type { Link } from "../link.js";
import { encode, type FakePeer, type FakeServer, fakeServer, HEADER, mechanisms } from "../testing/fake-server.js";
import { clientTo, componentTo } from "../testing/links.js";
import { opened, Recorder } from "../testing/recorder.js";
import { tlsPolicy } from "./tls.js";

let own: ServerCertificate;
let other: ServerCertificate;
beforeAll(() => {
	own = makeCertificate({ domains: ["example.org"] });
	other = makeCertificate({ domains: ["example.net"] });
});

const links: Link[] = [];
const use = (link: Link) => {
	links.push(link);
	return link;
};
afterEach(() => {
	for (const link of links.splice(0)) link.destroy();
});

/** This machine plays the wide world. */
const faraway = { isLoopback: () => false };
const OFFER = `<starttls xmlns='${NS.tls}'/>`;
const DEMAND = `<starttls xmlns='${NS.tls}'><required/></starttls>`;

async function startTls(peer: FakePeer, certificate: ServerCertificate, features = DEMAND): Promise<void> {
	await peer.open(features);
	const request = await peer.element();
	expect(request.is("starttls", NS.tls)).toBe(true);
	peer.send(`<proceed xmlns='${NS.tls}'/>`);
	await peer.secure(certificate);
}

async function failure(link: Link): Promise<{ error: unknown; states: string[] }> {
	const recorder = new Recorder();
	const error: unknown = await use(link)
		.open(recorder, { timeoutMs: 5000 })
		.then(
			() => undefined,
			(thrown) => thrown,
		);
	return { error, states: recorder.states.map((state) => state.state) };
}

const ONCE = ["connecting", "closed"];

describe("STARTTLS", () => {
	it("is used off loopback, with the certificate verified and the domain as server name", async () => {
		await using server = await fakeServer(async (peer) => {
			await startTls(peer, own, OFFER + mechanisms("SCRAM-SHA-256"));
			await peer.online();
		});
		await opened(use(clientTo(server, { ca: own.ca }, faraway)));
		const peer = await server.ready(1);
		expect(peer.servername).toBe("example.org");
	});

	it("tells who we are only once it is encrypted", async () => {
		await using server = await fakeServer(async (peer) => {
			await startTls(peer, own);
			await peer.online();
		});
		await opened(use(clientTo(server, { ca: own.ca }, faraway)));
		const [plain, encrypted] = (await server.ready(1)).received.split("<starttls");
		expect(plain).not.toContain("user");
		expect(encrypted).toContain("from='user@example.org'");
	});

	it("that was stripped is refused off loopback: no login, no retry (compare CVE-2016-10027)", async () => {
		let received = "";
		await using server = await fakeServer(async (peer) => {
			await peer.open(mechanisms("SCRAM-SHA-256", "PLAIN"));
			await peer.closed();
			received = peer.received;
		});
		const { error, states } = await failure(clientTo(server, {}, faraway));
		expect(error).toMatchObject({ code: "forbidden", executed: "no" });
		expect(String(error)).toMatch(/TLS.*insecure/);
		expect(states).toEqual(ONCE);
		await server.ready(1);
		expect(received).not.toContain("<auth");
	});

	it("that was stripped is refused on loopback, too, when a ca was given", async () => {
		await using server = await fakeServer((peer) => peer.open(mechanisms("SCRAM-SHA-256")).then(() => {}));
		const { error, states } = await failure(clientTo(server, { ca: own.ca }));
		expect(error).toMatchObject({ code: "forbidden" });
		expect(states).toEqual(ONCE);
	});

	it("may be absent off loopback with insecure: true", async () => {
		await using server = await fakeServer((peer) => peer.online());
		await opened(use(clientTo(server, { insecure: true }, faraway)));
	});

	it("is not needed on loopback, and used there when the server demands it", async () => {
		await using relaxed = await fakeServer(async (peer) => {
			const open = peer.open.bind(peer);
			peer.open = (features) => open(OFFER + features);
			await peer.online();
		});
		await opened(use(clientTo(relaxed)));
		expect((await relaxed.ready(1)).received).not.toContain("starttls");

		await using strict = await fakeServer(async (peer) => {
			await startTls(peer, own);
			await peer.online();
		});
		await opened(use(clientTo(strict)));
	});

	it("does not hand a password to an unverified server, on loopback neither", async () => {
		await using server = await fakeServer(async (peer) => {
			await startTls(peer, own);
			await peer.open(mechanisms("PLAIN"));
			await peer.closed();
		});
		const { error } = await failure(clientTo(server));
		expect(error).toMatchObject({ code: "unauthenticated" });
	});

	it("makes PLAIN possible once the server is verified", async () => {
		let auth = "";
		await using server = await fakeServer(async (peer) => {
			await startTls(peer, own);
			await peer.open(mechanisms("PLAIN"));
			auth = (await peer.element()).text();
			peer.restart();
			peer.send(`<success xmlns='${NS.sasl}'/>`);
			await peer.bind();
		});
		await opened(use(clientTo(server, { ca: own.ca, password: "pässwörd€" })));
		expect(auth).toBe(encode("\0user\0pässwörd€"));
	});

	it("does not read what was sent in plaintext behind <proceed/> as if it were encrypted (CVE-2011-0411)", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.open(DEMAND);
			await peer.element();
			peer.send(`<proceed xmlns='${NS.tls}'/>${HEADER}<stream:features>${mechanisms("PLAIN")}</stream:features>`);
			await peer.closed();
		});
		const { error, states } = await failure(clientTo(server, { ca: own.ca }));
		expect(error).toMatchObject({ code: "forbidden" });
		expect(states).toEqual(ONCE);
	});

	it("that fails is an attempt that failed, and the next one may succeed", async () => {
		await using server = await fakeServer(async (peer, nth) => {
			if (nth === 1) {
				await peer.open(DEMAND);
				await peer.element();
				peer.send(`<failure xmlns='${NS.tls}'/></stream:stream>`);
			} else if (nth === 2) {
				await peer.open(DEMAND);
				await peer.element();
				const hello = once(peer.socket, "data");
				peer.send(`<proceed xmlns='${NS.tls}'/>`);
				// In one segment with <proceed/> it would be an attack, and no failure of TLS.
				await hello;
				await peer.sendAlone("this is no TLS");
				peer.destroy();
			} else {
				await startTls(peer, own);
				await peer.online();
			}
		});
		const recorder = await opened(use(clientTo(server, { ca: own.ca })));
		expect(recorder.states.map((state) => state.state).join(" ")).toBe(
			"connecting waiting connecting waiting connecting online",
		);
	});
});

describe("A certificate", () => {
	it("that the server does not have for this name is no reason to try again", async () => {
		// Prosody answers a name that it does not serve with this alert: fatal, unrecognized_name (RFC 6066, section 3).
		const unrecognizedName = Uint8Array.of(21, 3, 3, 0, 2, 2, 112);
		await using server = await fakeServer(async (peer) => {
			await once(peer.socket, "data");
			peer.send(unrecognizedName);
		});
		const { error, states } = await failure(clientTo(server, { url: `xmpps://127.0.0.1:${server.port}` }));
		expect(error).toMatchObject({
			code: "forbidden",
			message: expect.stringContaining("no certificate for example.org"),
		});
		expect(states).toEqual(ONCE);
	});

	async function withCertificate(certificate: ServerCertificate) {
		return fakeServer(async (peer) => {
			await peer.secure(certificate);
			await peer.online();
		});
	}
	const direct = (server: FakeServer) => `xmpps://127.0.0.1:${server.port}`;

	it("for the domain, signed by the given authority, is accepted with TLS from the first byte", async () => {
		await using server = await withCertificate(own);
		await opened(use(clientTo(server, { url: direct(server), ca: own.ca })));
		expect((await server.ready(1)).servername).toBe("example.org");
	});

	it("for another domain is refused: one clear error and no retry (compare CVE-2022-45197)", async () => {
		await using server = await withCertificate(other);
		const { error, states } = await failure(clientTo(server, { url: direct(server), ca: other.ca }));
		expect(error).toMatchObject({ code: "forbidden" });
		expect(String(error)).toContain("example.org");
		expect(states).toEqual(ONCE);
	});

	it("for another domain is refused after STARTTLS, too", async () => {
		await using server = await fakeServer((peer) => startTls(peer, other));
		const { error, states } = await failure(clientTo(server, { ca: other.ca }, faraway));
		expect(error).toMatchObject({ code: "forbidden" });
		expect(states).toEqual(ONCE);
	});

	it("for another name is accepted when that name was asked for", async () => {
		await using server = await withCertificate(other);
		await opened(use(clientTo(server, { url: direct(server), ca: other.ca, servername: "example.net" })));
	});

	it("of an unknown authority is refused, on loopback too, and accepted with insecure: true", async () => {
		await using server = await withCertificate(own);
		const { error, states } = await failure(clientTo(server, { url: direct(server) }));
		expect(error).toMatchObject({ code: "forbidden" });
		expect(String(error)).toContain("ca");
		expect(states).toEqual(ONCE);
		await opened(use(clientTo(server, { url: direct(server), insecure: true })));
	});

	it("that has expired is refused", async () => {
		const day = 24 * 3_600_000;
		const [notBefore, notAfter] = [new Date(Date.now() - 2 * day), new Date(Date.now() - day)];
		const expired = makeCertificate({ domains: ["example.org"], notBefore, notAfter });
		await using server = await withCertificate(expired);
		const { error } = await failure(clientTo(server, { url: direct(server), ca: expired.ca }));
		expect(error).toMatchObject({ code: "forbidden" });
		expect(String(error)).toContain("expired");
		// That authority is trusted already.
		expect(String(error)).not.toContain("as ca");
	});

	it("is checked against the host of the url for a component", async () => {
		const local = makeCertificate({ domains: ["localhost"] });
		await using server = await fakeServer(async (peer) => {
			await peer.secure(local);
			await peer.handshake();
		});
		await opened(use(componentTo(server, { url: direct(server), ca: local.ca })));
		const { error } = await failure(
			componentTo(server, { url: direct(server), ca: local.ca, servername: "other.org" }),
		);
		expect(error).toMatchObject({ code: "forbidden" });
	});
});

describe("A port without TLS", () => {
	it("is named, with what to try instead, and not tried again", async () => {
		await using server = await fakeServer(async (peer) => {
			peer.send("<?xml version='1.0'?><stream:stream xmlns:stream='http://etherx.jabber.org/streams'>");
			await peer.closed();
		});
		const url = `xmpps://127.0.0.1:${server.port}`;
		for (const link of [clientTo(server, { url }), componentTo(server, { url })]) {
			const { error, states } = await failure(link);
			expect(error).toMatchObject({ code: "link-lost", executed: "no" });
			expect((error as Error).message).toMatch(`127.0.0.1:${server.port} does not speak TLS. Try xmpp://`);
			expect(states).toEqual(ONCE);
		}
	});

	it("does not keep the next server that DNS names from being tried", async () => {
		await using plain = await fakeServer(async (peer) => {
			peer.send("<stream:stream>");
			await peer.closed();
		});
		await using server = await fakeServer(async (peer) => {
			await peer.secure(own);
			await peer.online();
		});
		const resolveSrv = async () =>
			[plain, server].map(({ port }, priority) => ({ name: "127.0.0.1", port, priority, weight: 0 }));
		await opened(use(clientTo(server, { url: "xmpps://example.org", ca: own.ca }, { resolveSrv })));
	});
});

describe("What is asked of a connection", () => {
	it("is TLS with a verified certificate, off loopback and with a ca", () => {
		const strict = { required: true, preferred: true, verify: true };
		expect(tlsPolicy({ loopback: false, insecure: false, hasCa: false })).toEqual(strict);
		expect(tlsPolicy({ loopback: true, insecure: false, hasCa: true })).toEqual(strict);
	});

	it("is nothing on loopback, and TLS where it can be had with insecure: true", () => {
		expect(tlsPolicy({ loopback: true, insecure: false, hasCa: false })).toMatchObject({ required: false });
		expect(tlsPolicy({ loopback: false, insecure: true, hasCa: true })).toEqual({
			required: false,
			preferred: true,
			verify: false,
		});
	});
});
