import { iq, message, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedServer } from "./server.js";
import { RawClient } from "./testing/raw-client.js";
import { eventually, recordingLog, startTestServer } from "./testing/start.js";

const LIMITS = { maxStanzaBytes: 100_000, maxComponentStanzaBytes: 100_000 };
const HEADER = `<stream:stream to='localhost' version='1.0' xmlns='jabber:client' xmlns:stream='${NS.streams}'>`;
const nested = (levels: number) => "<x>".repeat(levels);
const attributes = (count: number) => Array.from({ length: count }, (_, i) => ` a${i}=''`).join("");

/** The input of which each must end its stream, and with what. Put into a message after login. */
const REFUSED: readonly (readonly [string, string | Uint8Array, string])[] = [
	["a DOCTYPE", "<!DOCTYPE x>", "restricted-xml"],
	["an internal entity", "<!DOCTYPE x [<!ENTITY e 'x'>]>", "restricted-xml"],
	["an external entity", "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>", "restricted-xml"],
	["billion laughs", "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><l>&b;</l>", "restricted-xml"],
	["an entity nobody declared", "<message><body>&foo;</body></message>", "restricted-xml"],
	["a comment", "<message><!-- hello --></message>", "restricted-xml"],
	["a processing instruction", "<?php echo 1 ?>", "restricted-xml"],
	["depth 10,000", `<message>${nested(10_000)}`, "policy-violation"],
	["50,000 attributes", `<message${attributes(50_000)}/>`, "policy-violation"],
	["64,000 children", `<message>${"<a/>".repeat(64_000)}</message>`, "policy-violation"],
	["a name of 10 MB", `<${"a".repeat(10_000_000)}/>`, "policy-violation"],
	["text over the limit", `<message><body>${"x".repeat(200_000)}</body></message>`, "policy-violation"],
	["an attribute over the limit", `<message id='${"x".repeat(200_000)}'/>`, "policy-violation"],
	["invalid UTF-8", Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0xfe]), "unsupported-encoding"],
	["overlong UTF-8", Buffer.concat([Buffer.from("<a>"), Buffer.from([0xc0, 0xaf])]), "unsupported-encoding"],
	[
		"a surrogate in UTF-8",
		Buffer.concat([Buffer.from("<a>"), Buffer.from([0xed, 0xa0, 0x80])]),
		"unsupported-encoding",
	],
	["NUL", "<message>\0</message>", "not-well-formed"],
	["a control character", "<message>\x01</message>", "not-well-formed"],
	["a reference to NUL", "<message>&#0;</message>", "not-well-formed"],
	["a reference to no character", "<message>&#x110000;</message>", "not-well-formed"],
	["an attribute twice", "<message id='1' id='2'/>", "not-well-formed"],
	["an attribute twice by namespace", "<m xmlns:a='u' xmlns:b='u' a:x='1' b:x='2'/>", "not-well-formed"],
	["an unbound prefix", "<foo:message/>", "bad-namespace-prefix"],
	["an unbound attribute prefix", "<message foo:id='1'/>", "bad-namespace-prefix"],
	["text between stanzas", "hello?", "not-well-formed|bad-format"],
	["a wrong end tag", "<message></iq>", "not-well-formed"],
	["< in an attribute", "<message id='<'/>", "not-well-formed"],
	["]]> in text", "<message>]]></message>", "not-well-formed"],
	["iq of another namespace", "<iq xmlns='jabber:server' type='get' id='1'/>", "unsupported-stanza-type"],
	["iq of no namespace", "<iq xmlns='' type='get' id='1'/>", "unsupported-stanza-type"],
	["iq of a prefix of another namespace", "<x:iq xmlns:x='urn:x' type='get' id='1'/>", "unsupported-stanza-type"],
	["an unknown element", "<presents/>", "unsupported-stanza-type"],
	["a second header", HEADER, "unsupported-stanza-type"],
];

describe.each(["client", "component"] as const)("Hostile input of a %s that has logged in", (kind) => {
	const log = recordingLog();
	let server: EmbeddedServer;
	let a: RawClient;
	let b: RawClient;

	beforeAll(async () => {
		server = await startTestServer({ log, limits: LIMITS });
		a = await RawClient.login(server.port, "a", "pw", "x");
		b = await RawClient.login(server.port, "b", "pw", "y");
	});
	afterAll(() => server.close());

	const enter = () =>
		kind === "client"
			? RawClient.login(server.port, "c", "pw", "hostile")
			: RawClient.component(server.componentPort, "fn.localhost", "s3cret");

	it.each(REFUSED)("%s ends that stream with the right error, and harms nobody else", async (_, input, condition) => {
		using hostile = await enter();
		log.lines.length = 0;
		hostile.write(input);
		if (input === HEADER) hostile.write("</stream:stream>");
		const given = await hostile.streamError();
		expect(condition.split("|")).toContain(given);
		a.send(message({ to: b.jid }));
		expect((await b.next()).attr("from")).toBe(a.jid);
		const line = log.lines.find((text) => text.includes(given)) ?? "";
		expect(line).toMatch(
			/^warn (?:client c@localhost\/hostile|component fn\.localhost) from 127\.0\.0\.1:\d+: closed with/,
		);
		expect(line.length).toBeLessThan(400);
		await eventually(() => server.stats().connections === 2, "the hostile connection is gone");
	});

	it("is read right one byte at a time, with characters split", async () => {
		using slow = await enter();
		const from = kind === "client" ? "" : " from='x@fn.localhost'";
		for (const byte of Buffer.from(
			`<message${from} to='b@localhost/y'><body>ä€😀 &lt;&#x1F600;<![CDATA[<&]]></body></message>`,
		)) {
			slow.write(Buffer.from([byte]));
			await new Promise((resolve) => setImmediate(resolve));
		}
		expect((await b.next()).child("body")?.text()).toBe("ä€😀 <😀<&");
	});

	it("of white space without end does no harm", async () => {
		using spaces = await enter();
		const memory = process.memoryUsage().heapUsed;
		for (let i = 0; i < 100; i++) spaces.write(" \n\t\r".repeat(25_000));
		const from = kind === "client" ? undefined : "fn.localhost";
		spaces.send(iq("get", { id: "1", from, to: "localhost" }, xml("ping", NS.ping)));
		expect((await spaces.next()).attr("type")).toBe("result");
		expect(process.memoryUsage().heapUsed - memory).toBeLessThan(100 * 1024 * 1024);
	});

	it("cannot smuggle another stanza or address by namespaces, prefixes and quotes (compare CVE-2022-25236)", async () => {
		using smuggler = await enter();
		const own = kind === "client" ? "c@localhost/hostile" : "fn.localhost";
		const attribute = kind === "client" ? "" : " from='fn.localhost'";
		const namespaces = [
			"jabber:client&#10;message",
			"jabber:client}message",
			"u'/>&lt;/message>&lt;message to=&quot;a@localhost&quot;",
		];
		for (const namespace of namespaces) {
			smuggler.write(
				`<message${attribute} to='b@localhost/y' xmlns:p="${namespace}" p:from='a@localhost/x' p:to='a@localhost/x'>` +
					`<p:message p:from='a@localhost/x'/><message xmlns="${namespace}" from='a@localhost/x'/></message>`,
			);
			const got = await b.next();
			expect([got.name, got.ns, got.attr("from"), got.attr("to")]).toEqual([
				"message",
				NS.client,
				own,
				"b@localhost/y",
			]);
			const sent = namespace.replace("&#10;", "\n").replaceAll("&lt;", "<").replaceAll("&quot;", '"');
			expect(got.elements().map(({ name, ns }) => [name, ns])).toEqual([
				["message", sent],
				["message", sent],
			]);
		}
		a.send(message({ to: b.jid, id: "last" }));
		expect((await b.next()).attr("id")).toBe("last");
		expect(await a.settle()).toEqual([]);
	});

	it("with the names of object members is just names", async () => {
		using odd = await enter();
		const from = kind === "client" ? "" : " from='fn.localhost'";
		odd.write(
			`<message${from} to='b@localhost/y' __proto__='1' hasOwnProperty='2' constructor='3'><__proto__ xmlns='toString'/></message>`,
		);
		const got = await b.next();
		expect([got.attr("__proto__"), got.attr("hasOwnProperty"), got.child("__proto__", "toString")?.name]).toEqual([
			"1",
			"2",
			"__proto__",
		]);
		expect(({} as Record<string, unknown>)["1"]).toBeUndefined();
	});
});

describe("Hostile input before login", () => {
	it.each([
		["no XML", "GET / HTTP/1.1\r\n\r\n", "bad-format"],
		["a root that is no stream", "<html>", "bad-format"],
		["a stream of another namespace", "<stream to='localhost' version='1.0' xmlns='urn:x'>", "invalid-namespace"],
		["UTF-16", Buffer.from("\ufeff<?xml version='1.0'?>", "utf16le"), "unsupported-encoding"],
		["another encoding", "<?xml version='1.0' encoding='ISO-8859-1'?><x/>", "unsupported-encoding"],
		["a DOCTYPE", "<?xml version='1.0'?><!DOCTYPE x>", "restricted-xml"],
		["a flood of white space", `${HEADER}${" ".repeat(20_000)}`, "policy-violation"],
		["a flood of elements", `${HEADER}<auth xmlns='${NS.sasl}'>${"A".repeat(20_000)}`, "policy-violation"],
		["a flood before the header", " ".repeat(20_000), "policy-violation"],
	] as const)("%s is refused after a header", async (_, input, condition) => {
		await using server = await startTestServer();
		using hostile = await RawClient.connect(server.port);
		hostile.write(input);
		const given = await hostile.streamError();
		if (condition !== "bad-format" && condition !== "invalid-namespace") expect(given).toBe(condition);
		else expect(["bad-format", "invalid-namespace", "not-well-formed"]).toContain(given);
		expect(hostile.header?.attr("from")).toBe("localhost");
	});

	it("of many peers at once leaves the others unharmed", async () => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		const hostile = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(server.port)));
		for (const peer of hostile) peer.write(`${HEADER}<message>${nested(1000)}`);
		expect(await Promise.all(hostile.map((peer) => peer.streamError()))).toEqual(Array(50).fill("policy-violation"));
		expect(await a.settle()).toEqual([]);
		await eventually(() => server.stats().connections === 1, "only one connection left");
		expect(server.stats().unauthenticated).toBe(0);
	});

	it("cut off at any byte is forgotten", async () => {
		await using server = await startTestServer();
		for (let cut = 0; cut <= HEADER.length; cut += 9) {
			const peer = await RawClient.connect(server.port);
			peer.write(HEADER.slice(0, cut));
			peer[Symbol.dispose]();
		}
		await eventually(() => server.stats().connections === 0, "no connection left");
		expect(server.stats().unauthenticated).toBe(0);
	});
});
