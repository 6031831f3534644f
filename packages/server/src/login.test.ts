import { decodeStanzaError, iq, NS, ScramClient } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { mechanismsFor } from "./login/sasl.js";
import { RawClient } from "./testing/raw-client.js";
import { recordingLog, startTestServer } from "./testing/start.js";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const plain = (text: string) => xml("auth", NS.sasl, { mechanism: "PLAIN" }, base64(text));

describe("A client's stream", () => {
	it("goes from its header over SCRAM and binding to stanzas, with the mechanisms and limits announced", async () => {
		await using server = await startTestServer();
		using client = await RawClient.connect(server.port);
		const features = await client.features();
		expect(client.header?.attr("from")).toBe("localhost");
		expect(client.header?.attr("id")).toMatch(/^[\w-]{22}$/);
		const mechanisms = features.child("mechanisms", NS.sasl)?.elements() ?? [];
		expect(mechanisms.map((element) => element.text())).toEqual(["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN"]);
		expect(features.child("starttls", NS.tls)).toBeUndefined();
		expect(features.child("limits", NS.streamLimits)?.child("max-bytes")?.text()).toBe("10000");
	});

	it.each(["SCRAM-SHA-256", "SCRAM-SHA-1"] as const)(
		"lets in by %s, and the server proves itself",
		async (mechanism) => {
			await using server = await startTestServer();
			using client = await RawClient.connect(server.port);
			await client.authenticate("A", "pw", mechanism);
			const bound = await client.bind("desk");
			expect(bound.attributes).toEqual(["type", "result", "id", "bind"]);
			expect(client.jid).toBe("a@localhost/desk");
			expect(server.stats()).toMatchObject({ clients: 1, unauthenticated: 0, connections: 1 });
		},
	);

	it("announces its stanza limit after login (XEP-0478)", async () => {
		await using server = await startTestServer({ limits: { maxStanzaBytes: 70_000 } });
		using client = await RawClient.connect(server.port);
		await client.features();
		client.send(plain("\0a\0pw"));
		expect((await client.next()).name).toBe("success");
		client.restart();
		const features = await client.features();
		expect(features.child("limits", NS.streamLimits)?.child("max-bytes")?.text()).toBe("70000");
		expect(features.child("bind", NS.bind)).toBeDefined();
		expect(features.child("session", NS.session)?.child("optional", NS.session)).toBeDefined();
	});

	it.each([
		["\0a\0wrong", "not-authorized"],
		["\0nobody\0pw", "not-authorized"],
		["b@localhost\0a\0pw", "invalid-authzid"],
		["\0a", "malformed-request"],
		["\0a\0pw\0more", "malformed-request"],
		["\0@/\0pw", "not-authorized"],
	])("refuses PLAIN %j with %s and allows another try", async (message, condition) => {
		await using server = await startTestServer();
		using client = await RawClient.connect(server.port);
		await client.features();
		client.send(plain(message));
		expect((await client.next()).child()?.name).toBe(condition);
		client.send(plain("a@localhost\0a\0pw"));
		expect((await client.next()).name).toBe("success");
	});

	it.each([
		[xml("auth", NS.sasl, { mechanism: "ANONYMOUS" }), "invalid-mechanism"],
		[xml("auth", NS.sasl), "invalid-mechanism"],
		[xml("auth", NS.sasl, { mechanism: "PLAIN" }, "no base64!"), "incorrect-encoding"],
		[xml("auth", NS.sasl, { mechanism: "PLAIN" }, "AGEAcHc"), "incorrect-encoding"],
		[xml("auth", NS.sasl, { mechanism: "SCRAM-SHA-1" }, base64("p=tls-unique,,n=a,r=x")), "malformed-request"],
		[xml("auth", NS.sasl, { mechanism: "SCRAM-SHA-1" }, base64("rubbish")), "malformed-request"],
		[xml("auth", NS.sasl, { mechanism: "SCRAM-SHA-1" }, "="), "malformed-request"],
	])("answers a wrong <auth/> with the failure that fits (%#)", async (auth, condition) => {
		await using server = await startTestServer();
		using client = await RawClient.connect(server.port);
		await client.features();
		client.send(auth);
		expect((await client.next()).child()?.name).toBe(condition);
	});

	it("asks with an empty challenge for a missing initial response, and takes an abort", async () => {
		await using server = await startTestServer();
		using client = await RawClient.connect(server.port);
		await client.features();
		client.send(xml("auth", NS.sasl, { mechanism: "PLAIN" }));
		expect((await client.next()).is("challenge", NS.sasl)).toBe(true);
		client.send(xml("abort", NS.sasl));
		expect((await client.next()).child()?.name).toBe("aborted");
		client.send(xml("auth", NS.sasl, { mechanism: "PLAIN" }));
		await client.next();
		client.send(xml("response", NS.sasl, {}, base64("\0a\0pw")));
		expect((await client.next()).name).toBe("success");
	});

	it("answers an unknown user of SCRAM as a known one with a wrong password, with the same salt each time", async () => {
		await using server = await startTestServer();
		const salts: string[] = [];
		for (let i = 0; i < 2; i++) {
			using client = await RawClient.connect(server.port);
			await client.features();
			const scram = new ScramClient("SCRAM-SHA-256", "nobody", "pw", `nonce${i}`);
			client.send(xml("auth", NS.sasl, { mechanism: "SCRAM-SHA-256" }, base64(scram.first())));
			const challenge = Buffer.from((await client.next()).text(), "base64").toString();
			salts.push(/s=([^,]+)/.exec(challenge)?.[1] as string);
			client.send(xml("response", NS.sasl, {}, base64(await scram.final(challenge))));
			expect((await client.next()).child()?.name).toBe("not-authorized");
		}
		expect(salts[0]).toBe(salts[1]);
	});

	it("ends the stream after too many failed logins, and says so in the log", async () => {
		const log = recordingLog();
		await using server = await startTestServer({ log, limits: { maxFailedLogins: 2 } });
		using client = await RawClient.connect(server.port);
		await client.features();
		client.send(plain("\0a\0wrong"));
		await client.next();
		client.send(plain("\0a\0wrong"));
		expect(await client.streamError()).toBe("policy-violation");
		expect(log.lines.join("\n")).toMatch(
			/warn client from 127\.0\.0\.1:\d+: login as "a" at localhost failed.*Check name/,
		);
	});

	it.each<[string, Element]>([
		["a message", xml("message", NS.client, { to: "b@localhost" })],
		["an iq", iq("get", { id: "1" }, xml("query", NS.roster))],
		["a binding", iq("set", { id: "1" }, xml("bind", NS.bind))],
		["a response out of turn", xml("response", NS.sasl)],
	])("ends with not-authorized for %s before login", async (_, element) => {
		await using server = await startTestServer();
		using client = await RawClient.connect(server.port);
		await client.features();
		client.send(element);
		expect(await client.streamError()).toBe("not-authorized");
	});

	it("ends with not-authorized for a stanza between login and binding", async () => {
		await using server = await startTestServer();
		using client = await RawClient.connect(server.port);
		await client.authenticate("a", "pw");
		client.send(xml("presence", NS.client));
		expect(await client.streamError()).toBe("not-authorized");
	});

	it("ends with unsupported-stanza-type for compression (CVE-2014-2745), a second login and what is no stanza", async () => {
		await using server = await startTestServer();
		using early = await RawClient.connect(server.port);
		expect((await early.features()).elements().map(({ name }) => name)).not.toContain("compression");
		early.send(xml("compress", "http://jabber.org/protocol/compress", {}, xml("method", NS.client, {}, "zlib")));
		expect(await early.streamError()).toBe("unsupported-stanza-type");
		using twice = await RawClient.login(server.port, "a", "pw");
		twice.send(plain("\0b\0pw"));
		expect(await twice.streamError()).toBe("unsupported-stanza-type");
		using odd = await RawClient.login(server.port, "a", "pw");
		odd.write("<iq xmlns='jabber:server' type='get' id='1'/>");
		expect(await odd.streamError()).toBe("unsupported-stanza-type");
	});

	it.each([
		["", "improper-addressing"],
		[" to='elsewhere.org'", "host-unknown"],
		[" to='@'", "host-unknown"],
		[" to='localhost' version='0.9'", "unsupported-version"],
		[" to='localhost'", "unsupported-version"],
	])("refuses a header with%s by %s, after a header of its own", async (attributes, condition) => {
		await using server = await startTestServer();
		using client = await RawClient.connect(server.port);
		client.write(`<stream:stream xmlns='jabber:client' xmlns:stream='${NS.streams}'${attributes}>`);
		expect(await client.streamError()).toBe(condition);
		expect(client.header?.attr("from")).toBe("localhost");
	});
});

it("PLAIN is offered only where nobody else can read the password", () => {
	expect(mechanismsFor(true)).toContain("PLAIN");
	expect(mechanismsFor(false)).toEqual(["SCRAM-SHA-256", "SCRAM-SHA-1"]);
});

describe("Binding a resource", () => {
	it("makes one when none is asked for", async () => {
		await using server = await startTestServer();
		using first = await RawClient.login(server.port, "a", "pw");
		using second = await RawClient.login(server.port, "a", "pw", "");
		expect(first.jid).toMatch(/^a@localhost\/[\w-]{16}$/);
		expect(second.jid).not.toBe(first.jid);
	});

	it("replaces the older session by default: that gets conflict", async () => {
		await using server = await startTestServer();
		using first = await RawClient.login(server.port, "a", "pw", "x");
		using second = await RawClient.login(server.port, "a", "pw", "x");
		expect(await first.streamError()).toBe("conflict");
		expect(second.jid).toBe("a@localhost/x");
		expect(await second.settle()).toEqual([]);
		expect(server.stats().clients).toBe(1);
	});

	it("refuses or renames the newer session where that is asked for", async () => {
		await using refusing = await startTestServer({ resourceConflict: "refuse" });
		using _first = await RawClient.login(refusing.port, "a", "pw", "x");
		using second = await RawClient.connect(refusing.port);
		await second.authenticate("a", "pw");
		expect(decodeStanzaError(await second.bind("x"))).toMatchObject({ condition: "conflict" });
		await second.bind("y");
		expect(second.jid).toBe("a@localhost/y");

		await using renaming = await startTestServer({ resourceConflict: "rename" });
		using third = await RawClient.login(renaming.port, "a", "pw", "x");
		using fourth = await RawClient.login(renaming.port, "a", "pw", "x");
		expect([third.jid, fourth.jid]).toEqual(["a@localhost/x", expect.stringMatching(/^a@localhost\/[\w-]{16}$/)]);
	});

	it("refuses a second binding with not-allowed, and the session goes on", async () => {
		await using server = await startTestServer();
		using client = await RawClient.login(server.port, "a", "pw", "x");
		const answer = await client.bind("y");
		expect(decodeStanzaError(answer)).toMatchObject({ type: "cancel", condition: "not-allowed" });
		expect(await client.settle()).toEqual([]);
	});

	it("refuses an impossible resource with bad-request, and echoes a strange one escaped", async () => {
		await using server = await startTestServer();
		using client = await RawClient.connect(server.port);
		await client.authenticate("a", "pw");
		expect(decodeStanzaError(await client.bind("x".repeat(2000)))).toMatchObject({ condition: "bad-request" });
		await client.bind(`'"<>&`);
		expect(client.jid).toBe(`a@localhost/'"<>&`);
		client.send(iq("get", { id: `'"<>&`, to: client.jid }, xml("q", "urn:x")));
		const echoed = await client.next();
		expect([echoed.attr("id"), echoed.attr("from"), echoed.attr("to")]).toEqual([`'"<>&`, client.jid, client.jid]);
	});

	it.each([
		["nothing that can be seen", "a\u200bb"],
		["text turned around", "a\u202eb"],
		["a line separator", "a\u2028b"],
		["private use", "\ue000"],
	])(
		"refuses a resource with %s with bad-request (RFC 6120, 7.7.2.2), and another one may follow",
		async (_, resource) => {
			await using server = await startTestServer();
			using client = await RawClient.connect(server.port);
			await client.authenticate("a", "pw");
			expect(decodeStanzaError(await client.bind(resource))).toMatchObject({
				type: "modify",
				condition: "bad-request",
			});
			await client.bind("ä\u00a0b");
			expect(client.jid).toBe("a@localhost/ä b");
		},
	);

	it("refuses more resources than one account may have with resource-constraint", async () => {
		await using server = await startTestServer({ limits: { maxResources: 1 } });
		using _first = await RawClient.login(server.port, "a", "pw", "x");
		using second = await RawClient.connect(server.port);
		await second.authenticate("a", "pw");
		expect(decodeStanzaError(await second.bind("y"))).toMatchObject({ type: "wait", condition: "resource-constraint" });
	});
});
