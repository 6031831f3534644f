import { once } from "node:events";
import { NS } from "@antiphon/protocol";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeCertificate, type ServerCertificate } from "../../../../test/kit/src/certificates.js";
import type { Link } from "../link.js";
import { type FakePeer, fakeServer, HEADER, mechanisms, streamError } from "../testing/fake-server.js";
import { clientTo, componentTo } from "../testing/links.js";
import { opened } from "../testing/recorder.js";

let own: ServerCertificate;
let forged: ServerCertificate;
beforeAll(() => {
	own = makeCertificate({ domains: ["example.org"] });
	forged = makeCertificate({ domains: ["example.org"] });
});

const links: Link[] = [];
const use = (link: Link) => {
	links.push(link);
	return link;
};
afterEach(() => {
	for (const link of links.splice(0)) link.destroy();
});

type Script = (peer: FakePeer) => Promise<unknown>;

const DEMAND = `<starttls xmlns='${NS.tls}'><required/></starttls>`;

async function startTls(peer: FakePeer, certificate: ServerCertificate): Promise<void> {
	await peer.open(DEMAND);
	await peer.element();
	peer.send(`<proceed xmlns='${NS.tls}'/>`);
	await peer.secure(certificate);
}

/** Online once, then cut off; `script` meets the next six attempts, and after them all is well again. */
async function metBy(script: Script, online: Script) {
	return fakeServer(async (peer, nth) => {
		if (nth >= 2 && nth <= 7) await script(peer);
		else await online(peer);
		if (nth === 1) peer.destroy();
	});
}

const verified: Script = async (peer) => {
	await startTls(peer, own);
	await peer.online();
};

const beforeTls = (condition: string): Script => {
	return async (peer) => {
		await peer.header();
		peer.send(HEADER + streamError(condition));
	};
};

const attacks: [string, Script][] = [
	...["host-unknown", "host-gone", "not-authorized", "conflict", "unsupported-version", "policy-violation"].map(
		(condition): [string, Script] => [`forges ${condition} before TLS`, beforeTls(condition)],
	),
	["hides STARTTLS", (peer) => peer.open(mechanisms("SCRAM-SHA-256", "PLAIN"))],
	[
		"adds plaintext behind <proceed/>",
		async (peer) => {
			await peer.open(DEMAND);
			await peer.element();
			peer.send(`<proceed xmlns='${NS.tls}'/>${HEADER}`);
		},
	],
	["has a certificate of his own", (peer) => startTls(peer, forged).catch(() => {})],
];

describe("Somebody on the way, once a link was online over verified TLS,", () => {
	it.each(attacks)("who %s does not end it: it comes back when he is gone", async (_, attack) => {
		await using server = await metBy(attack, verified);
		const recorder = await opened(use(clientTo(server, { ca: own.ca })));
		await recorder.state("online", 2);
		expect(recorder.states.filter((state) => state.state === "waiting")).toHaveLength(7);
		for (const nth of [2, 7]) expect((await server.ready(nth)).received).not.toContain("<auth");
	});

	it("who denies the name in the TLS handshake does not end it either", async () => {
		const unrecognizedName = Uint8Array.of(21, 3, 3, 0, 2, 2, 112);
		await using server = await metBy(
			async (peer) => {
				await once(peer.socket, "data");
				peer.send(unrecognizedName);
			},
			async (peer) => {
				await peer.secure(own);
				await peer.online();
			},
		);
		const url = `xmpps://127.0.0.1:${server.port}`;
		const recorder = await opened(use(clientTo(server, { url, ca: own.ca })));
		await recorder.state("online", 2);
	});

	it("who has a certificate of his own does not end a component's", async () => {
		const local = makeCertificate({ domains: ["localhost"] });
		await using server = await metBy(
			(peer) => peer.secure(forged).catch(() => {}),
			async (peer) => {
				await peer.secure(local);
				await peer.handshake();
			},
		);
		const options = { url: `xmpps://127.0.0.1:${server.port}`, ca: local.ca, servername: "localhost" };
		const recorder = await opened(use(componentTo(server, options)));
		await recorder.state("online", 2);
		const waiting = await recorder.state("waiting", 2);
		expect(waiting.cause).toMatchObject({ code: "forbidden", message: expect.stringContaining("certificate") });
	});
});

/** Online once, then cut off; every attempt from then on is refused. */
const refusing = (script: Script, online: Script) =>
	fakeServer(async (peer, nth) => {
		if (nth === 1) {
			await online(peer);
			peer.destroy();
		} else await script(peer);
	});

describe("A server that refuses what it took before", () => {
	it.each([
		["the password, over verified TLS", "unauthenticated", (peer: FakePeer) => peer.scram({ password: "another" })],
		["the domain, over verified TLS", "link-lost", beforeTls("host-unknown")],
	])("%s, is asked five times, and then believed", async (_, code, script) => {
		await using server = await refusing(async (peer) => {
			await startTls(peer, own);
			await script(peer);
		}, verified);
		const recorder = await opened(use(clientTo(server, { ca: own.ca })));
		expect((await recorder.state("closed")).cause).toMatchObject({ code });
		expect(server.connections).toBe(1 + 5);
	});

	it("on loopback, is asked five times, and then believed", async () => {
		await using server = await refusing(
			(peer) => peer.scram({ password: "another" }),
			(peer) => peer.online(),
		);
		const recorder = await opened(use(clientTo(server)));
		expect((await recorder.state("closed")).cause).toMatchObject({ code: "unauthenticated" });
		expect(server.connections).toBe(1 + 5);
	});

	it("because its accounts are not there yet, has the link back when they are", async () => {
		await using server = await fakeServer(async (peer, nth) => {
			if (nth === 2 || nth === 3) return peer.scram({ password: "not there yet" });
			await peer.online();
			if (nth === 1) peer.destroy();
		});
		const recorder = await opened(use(clientTo(server)));
		await recorder.state("online", 2);
		expect(server.connections).toBe(4);
	});

	it("has the secret of a component asked for five times, and is then believed", async () => {
		await using server = await refusing(
			async (peer) => {
				await peer.header();
				peer.send(`${HEADER.replace(NS.client, NS.component)}${streamError("not-authorized")}`);
			},
			(peer) => peer.handshake(),
		);
		const recorder = await opened(use(componentTo(server)));
		expect((await recorder.state("closed")).cause).toMatchObject({ code: "unauthenticated" });
		expect(server.connections).toBe(1 + 5);
	});
});
