import { iq, NS } from "@antiphon/protocol";
import { afterEach, describe, expect, it } from "vitest";
import type { Link } from "../link.js";
import { encode, type FakePeer, fakeServer, HEADER, mechanisms, streamError } from "../testing/fake-server.js";
import { clientTo } from "../testing/links.js";
import { opened, Recorder } from "../testing/recorder.js";

const links: Link[] = [];
const use = (link: Link) => {
	links.push(link);
	return link;
};
afterEach(() => {
	for (const link of links.splice(0)) link.destroy();
});

/** Opens a link that is expected not to open, against a server that does this to the first connection. */
async function refused(script: (peer: FakePeer) => Promise<void>, password = "pw") {
	await using server = await fakeServer((peer) => script(peer));
	const recorder = new Recorder();
	const error: unknown = await use(clientTo(server, { password }))
		.open(recorder, { timeoutMs: 5000 })
		.then(
			() => undefined,
			(thrown) => thrown,
		);
	// No retry follows: there is no wait in which one could be planned.
	expect(recorder.states.map((state) => state.state)).toEqual(["connecting", "closed"]);
	return error;
}

describe("The login of a client", () => {
	it("takes SCRAM-SHA-256 before SCRAM-SHA-1 before PLAIN, and binds what the server says", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.scram({ password: "pw" });
			await peer.bind({ jid: "user@example.org/r1" });
		});
		const link = use(clientTo(server));
		const recorder = await opened(link);
		expect(recorder.states).toMatchObject([{ state: "connecting", attempt: 1 }, { state: "online" }]);
		expect(String((await recorder.state("online")).jid)).toBe("user@example.org/r1");
	});

	it("goes with SCRAM-SHA-1 where the server knows no better", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.scram({ password: "pw", mechanism: "SCRAM-SHA-1" });
			await peer.bind();
		});
		await opened(use(clientTo(server)));
	});

	it("asks for the resource that was set", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.scram({ password: "pw" });
			const request = await peer.bind({ jid: "user@example.org/wörker" });
			expect(request.child("bind", NS.bind)?.child("resource", NS.bind)?.text()).toBe("wörker");
		});
		await opened(use(clientTo(server, { resource: "wörker" })));
	});

	it("works with a user name and a password beyond Latin-1", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.scram({ password: "пароль€" });
			await peer.bind({ jid: "юзер@example.org/r" });
		});
		await opened(use(clientTo(server, { jid: "юзер@example.org", password: "пароль€" })));
	});

	it("with a wrong password is one clear error and no retry", async () => {
		const error = await refused((peer) => peer.scram({ password: "another" }));
		expect(error).toMatchObject({ code: "unauthenticated", executed: "no" });
		expect(String(error)).toContain("user@example.org");
		expect(String(error)).toContain("password");
	});

	it("is tried again when the server can't check the password now", async () => {
		await using server = await fakeServer(async (peer, nth) => {
			if (nth > 1) return peer.online();
			await peer.open(mechanisms("SCRAM-SHA-256"));
			await peer.element();
			peer.send(`<failure xmlns='${NS.sasl}'><temporary-auth-failure/></failure>`);
		});
		const recorder = await opened(use(clientTo(server)));
		expect((await recorder.state("waiting")).cause.message).toContain("temporary-auth-failure");
	});

	it("refuses a server that says success without knowing the password", async () => {
		const error = await refused(async (peer) => {
			await peer.open(mechanisms("SCRAM-SHA-256"));
			const auth = await peer.element();
			const nonce = /r=(.*)$/.exec(Buffer.from(auth.text(), "base64").toString())?.[1];
			const salt = Buffer.from("salt").toString("base64");
			peer.send(`<challenge xmlns='${NS.sasl}'>${encode(`r=${nonce}x,s=${salt},i=4096`)}</challenge>`);
			await peer.element();
			peer.send(`<success xmlns='${NS.sasl}'>${encode(`v=${Buffer.alloc(32).toString("base64")}`)}</success>`);
		});
		expect(error).toMatchObject({ code: "unauthenticated" });
		expect(String(error)).toContain("did not prove");
	});

	it.each([
		["before any challenge", `<success xmlns='${NS.sasl}'>${encode("v=AAAA")}</success>`],
		["without proof", `<success xmlns='${NS.sasl}'/>`],
	])("refuses a success %s", async (_, success) => {
		const error = await refused(async (peer) => {
			await peer.open(mechanisms("SCRAM-SHA-256"));
			await peer.element();
			peer.send(success);
		});
		expect(error).toMatchObject({ code: "unauthenticated" });
	});

	it.each([
		["a nonce that is not ours", "r=other,s=c2FsdA==,i=4096"],
		["so many iterations that we would compute for minutes", "r=%x,s=c2FsdA==,i=100000000"],
		["so few iterations that a thief could guess", "r=%x,s=c2FsdA==,i=1"],
	])("refuses %s", async (_, challenge) => {
		const error = await refused(async (peer) => {
			await peer.open(mechanisms("SCRAM-SHA-256"));
			const auth = await peer.element();
			const nonce = /r=(.*)$/.exec(Buffer.from(auth.text(), "base64").toString())?.[1] as string;
			peer.send(`<challenge xmlns='${NS.sasl}'>${encode(challenge.replace("%", nonce))}</challenge>`);
		});
		expect(error).toMatchObject({ code: "unauthenticated" });
	});

	it("never hands the password over in the clear, on loopback neither", async () => {
		let received = "";
		const error = await refused(async (peer) => {
			await peer.open(mechanisms("PLAIN", "ANONYMOUS"));
			await peer.closed();
			received = peer.received;
		});
		expect(error).toMatchObject({ code: "unauthenticated" });
		expect(String(error)).toContain("PLAIN");
		expect(received).not.toContain("<auth");
	});

	it("says what is offered when nothing of it is known", async () => {
		const error = await refused((peer) => peer.open(mechanisms("GSSAPI", "DIGEST-MD5")).then(() => {}));
		expect(String(error)).toContain("GSSAPI, DIGEST-MD5");
	});

	it("never negotiates compression (CVE-2014-2745), XEP-0198, nor anything else that the server adds to its features", async () => {
		const extras = `<sm xmlns='${NS.streamManagement}'/><sm xmlns='urn:xmpp:sm:2'/><compression xmlns='http://jabber.org/features/compress'><method>zlib</method></compression><authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism><inline><bind xmlns='urn:xmpp:bind:0'/></inline></authentication><session xmlns='${NS.session}'/>`;
		await using server = await fakeServer(async (peer) => {
			const open = peer.open.bind(peer);
			peer.open = (features) => open(extras + features + extras);
			await peer.online();
		});
		const link = use(clientTo(server));
		await opened(link);
		link.send(iq("get", { id: "mark", to: "example.org" }));
		const peer = await server.ready(1);
		while ((await peer.element()).attr("id") !== "mark");
		expect(peer.received).not.toMatch(/sm:|compress|sasl:2|<session|<enable/);
	});

	it("does not lose a stanza that comes in one segment with the bound resource", async () => {
		await using server = await fakeServer((peer) => peer.online({ behind: "<message id='m1'/><message id='m2'/>" }));
		const recorder = await opened(use(clientTo(server)));
		await recorder.stanza("m2");
		expect(recorder.stanzas.map((stanza) => stanza.attr("id"))).toEqual(["m1", "m2"]);
	});

	it("drops stanzas that come before their time, and does not answer them", async () => {
		await using server = await fakeServer(async (peer) => {
			const open = peer.open.bind(peer);
			const early = "<iq type='get' id='early' from='@'><ping xmlns='urn:xmpp:ping'/></iq><message id='early'/>";
			peer.open = async (features) => {
				const header = await open(features);
				peer.send(early);
				return header;
			};
			await peer.scram({ password: "pw" });
			await peer.bind();
		});
		const recorder = await opened(use(clientTo(server)));
		expect(recorder.stanzas).toEqual([]);
		expect((await server.ready(1)).received).not.toContain("early");
	});

	it.each([
		["conflict", "conflict"],
		["not-allowed", "forbidden"],
	])("ends for good when the resource is refused with %s", async (condition, code) => {
		const error = await refused(async (peer) => {
			await peer.scram({ password: "pw" });
			await peer.open(`<bind xmlns='${NS.bind}'/>`);
			const request = await peer.element();
			peer.send(
				`<iq type='error' id='${request.attr("id")}'><error type='cancel'><${condition} xmlns='${NS.stanzaErrors}'/></error></iq>`,
			);
		});
		expect(error).toMatchObject({ code });
	});

	it.each(["from='@'", "from=''", "from='a@b@c/'"])("does not mind a bound resource %s", async (from) => {
		await using server = await fakeServer(async (peer) => {
			await peer.scram({ password: "pw" });
			await peer.open(`<bind xmlns='${NS.bind}'/>`);
			const request = await peer.element();
			peer.send(
				`<iq type='result' ${from} id='${request.attr("id")}'><bind xmlns='${NS.bind}'><jid>user@example.org/x</jid></bind></iq>`,
			);
		});
		await opened(use(clientTo(server)));
	});

	it("to a domain that the server does not serve ends for good", async () => {
		const error = await refused(async (peer) => {
			await peer.header();
			peer.send(HEADER + streamError("host-unknown"));
		});
		expect(error).toMatchObject({ code: "link-lost" });
		expect(String(error)).toContain("example.org");
	});

	it("learns from the server how large a stanza may be (XEP-0478)", async () => {
		const limits = `<limits xmlns='${NS.streamLimits}'><max-bytes>10000</max-bytes></limits>`;
		await using server = await fakeServer((peer) => peer.online({ features: limits }));
		for (const [wanted, expected] of [
			[undefined, 10_000],
			[5000, 5000],
			[50_000, 10_000],
		] as const) {
			const link = use(clientTo(server, wanted === undefined ? {} : { limits: { maxStanzaBytes: wanted } }));
			await opened(link);
			expect(link.maxStanzaBytes).toBe(expected);
		}
	});
});
