import { afterEach, describe, expect, it } from "vitest";
import type { Link } from "../link.js";
import { type FakePeer, fakeServer, streamError } from "../testing/fake-server.js";
import { clientTo, componentTo } from "../testing/links.js";
import { Recorder } from "../testing/recorder.js";

const links: Link[] = [];
const use = (link: Link) => {
	links.push(link);
	return link;
};
afterEach(() => {
	for (const link of links.splice(0)) link.destroy();
});

/** mulberry32: small, and the same numbers for the same seed everywhere. */
function randomFrom(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), 1 | state);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
	};
}

const HOSTILE = [
	"&foo;",
	"&#0;",
	"<!DOCTYPE x>",
	"<!--",
	"<?x?>",
	"\0",
	"</stream:stream>",
	"<x:y/>",
	"<iq type='get' id='x' from='@'><ping xmlns='urn:xmpp:ping'/></iq>",
	"<iq type='result'/>",
	"<stream:features/>",
	"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>",
	"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
	"<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>%%%</challenge>",
	"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
	"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
	"<handshake/>",
	"<stream:error/>",
	streamError("see-other-host", "[::"),
	"<message __proto__='x' hasOwnProperty='y' constructor='z'/>",
	" ".repeat(100_000),
	"<a>".repeat(100),
];

/** What the server says, with something put in, cut out, doubled or turned to bytes that are no UTF-8. */
function mutate(text: string, random: () => number): string | Buffer {
	const at = Math.floor(random() * text.length);
	const piece = HOSTILE[Math.floor(random() * HOSTILE.length)] as string;
	switch (Math.floor(random() * 6)) {
		case 0:
			return piece + text;
		case 1:
			return text + piece;
		case 2:
			return text.slice(0, at) + piece + text.slice(at);
		case 3:
			return text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 10));
		case 4:
			return text + text;
		default:
			return Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.of(0xff), Buffer.from(text.slice(at))]);
	}
}

describe("A hostile server", () => {
	it.each([
		["client", 1],
		["component", 2],
	] as const)("does no harm to a %s link, whatever it says and when (seed %i)", async (kind, seed) => {
		const random = randomFrom(seed);
		const rounds = 60;
		await using server = await fakeServer(async (peer: FakePeer) => {
			const send = peer.send.bind(peer);
			let step = 0;
			const hostileStep = Math.floor(random() * (kind === "client" ? 8 : 4));
			peer.send = (data) => send(step++ === hostileStep ? mutate(String(data), random) : data);
			try {
				if (kind === "client") await peer.online();
				else await peer.handshake();
				for (let i = 0; i < 4; i++) peer.send("<message id='m' from='a@b'><body>hello</body></message>");
			} catch {
				// What the link answers to nonsense is none of this test's business.
			}
		});
		for (let round = 0; round < rounds; round++) {
			const recorder = new Recorder();
			const timeouts = { attemptMs: 50, quietMs: 50, replyMs: 50 };
			const link = use(kind === "client" ? clientTo(server, { timeouts }) : componentTo(server, { timeouts }));
			const opening = link.open(recorder, { timeoutMs: 100 }).catch((error: unknown) => error);
			// It settles, one way or the other, in the time that it was given; anything uncaught fails the run.
			const outcome = await opening;
			expect(outcome === undefined || (outcome as Error).name === "BusError").toBe(true);
			link.destroy();
			expect(link.state.state).toBe("closed");
		}
		expect(server.connections).toBeGreaterThanOrEqual(rounds);
	});
});
