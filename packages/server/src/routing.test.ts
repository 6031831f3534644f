import { decodeStanzaError, iq, message, NS, presence } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { RawClient } from "./testing/raw-client.js";
import { startTestServer } from "./testing/start.js";

const QUERY = xml("q", "urn:test");
const BODY = xml("body", NS.client, {}, "hi");
const PRIORITY = (priority: number) => xml("priority", NS.client, {}, String(priority));

async function pair() {
	const server = await startTestServer();
	const a = await RawClient.login(server.port, "a", "pw", "x");
	const b = await RawClient.login(server.port, "b", "pw", "y");
	return { server, a, b, [Symbol.asyncDispose]: () => server.close() };
}

describe("An iq", () => {
	it("for a resource that is gone, or an account that is not, is refused with service-unavailable", async () => {
		await using all = await pair();
		for (const to of ["b@localhost/gone", "nobody@localhost/x", "nobody@localhost", "b@localhost"]) {
			all.a.send(iq("get", { id: to, to }, QUERY));
			const answer = await all.a.next();
			expect([answer.attr("id"), answer.attr("from"), answer.attr("to")]).toEqual([to, to, "a@localhost/x"]);
			expect(decodeStanzaError(answer)).toMatchObject({ type: "cancel", condition: "service-unavailable" });
			expect(answer.elements()).toHaveLength(1);
		}
		expect(await all.b.settle()).toEqual([]);
	});

	it("for the server that it does not know is refused with service-unavailable", async () => {
		await using all = await pair();
		all.a.send(iq("set", { id: "1", to: "localhost" }, QUERY));
		expect(decodeStanzaError(await all.a.next())).toMatchObject({ condition: "service-unavailable" });
	});

	it("for the bare JID is answered by the server, not by a client", async () => {
		await using all = await pair();
		await all.b.available();
		all.a.send(iq("get", { id: "1", to: "b@localhost" }, xml("ping", NS.ping)));
		const answer = await all.a.next();
		expect([answer.attr("type"), answer.attr("from")]).toEqual(["result", "b@localhost"]);
		expect(await all.b.settle()).toEqual([]);
	});

	it.each([
		["<iq type='get' to='b@localhost/y'><q xmlns='urn:t'/></iq>", "no id"],
		["<iq type='get' id='' to='b@localhost/y'><q xmlns='urn:t'/></iq>", "an empty id"],
		["<iq type='get' id='1' to='b@localhost/y'/>", "a get without child"],
		["<iq type='set' id='1' to='b@localhost/y'><q xmlns='urn:t'/><q xmlns='urn:t'/></iq>", "a set with two"],
		["<iq type='ask' id='1' to='b@localhost/y'><q xmlns='urn:t'/></iq>", "an unknown type"],
		["<iq id='1' to='b@localhost/y'><q xmlns='urn:t'/></iq>", "no type"],
	])("that breaks the rules (%#: %s) is refused with bad-request", async (text) => {
		await using all = await pair();
		all.a.write(text);
		expect(decodeStanzaError(await all.a.next())).toMatchObject({ type: "modify", condition: "bad-request" });
		expect(await all.b.settle()).toEqual([]);
	});

	it.each([
		"<iq type='result' id='1' to='b@localhost/gone'/>",
		"<iq type='error' id='1' to='b@localhost/gone'><error type='cancel'/></iq>",
		"<iq type='result' id='1' to='fn.localhost'/>",
		"<iq type='result' id='1' to='example.org'/>",
		"<iq type='result' id='1' to='@'/>",
		"<iq type='result' to='b@localhost/y'/>",
		"<iq type='result' id='1' to='b@localhost/y'><q xmlns='urn:t'/><q xmlns='urn:t'/></iq>",
		"<iq type='error' id='1' to='b@localhost/y'/>",
		"<iq type='result' id='1' to='localhost'/>",
		"<iq type='result' id='1'/>",
		"<message type='error' to='b@localhost/gone'/>",
		"<message type='error' to='nobody@localhost'/>",
		"<message type='error' to='b@localhost'/>",
		"<message type='error' to='example.org'/>",
		"<presence type='error' to='example.org'/>",
	])("or other stanza that is a result or an error is never answered (%s)", async (text) => {
		await using all = await pair();
		all.a.write(text);
		expect(await all.a.settle()).toEqual([]);
		expect(await all.b.settle()).toEqual([]);
	});

	it("keeps its type, id and payload between two clients, whoever answers", async () => {
		await using all = await pair();
		all.a.send(iq("get", { id: "same", to: "b@localhost/y" }, QUERY));
		expect((await all.b.next()).attr("from")).toBe("a@localhost/x");
		// The server does not judge whether a result was asked for: that is the asker's table.
		all.b.send(iq("result", { id: "same", to: "a@localhost/x" }));
		all.b.send(iq("result", { id: "same", to: "a@localhost/x" }));
		expect([(await all.a.next()).attr("from"), (await all.a.next()).attr("from")]).toEqual([
			"b@localhost/y",
			"b@localhost/y",
		]);
	});
});

describe("The address of a stanza", () => {
	it.each(["a@localhost/x", "a@localhost", "A@LOCALHOST/x"])(
		"from may be its own, %s, and is stamped in full",
		async (from) => {
			await using all = await pair();
			all.a.send(message({ from, to: "b@localhost/y" }));
			expect((await all.b.next()).attr("from")).toBe("a@localhost/x");
		},
	);

	it.each(["b@localhost/y", "a@localhost/other", "localhost", "@", ""])(
		"from %j, which is not its own, ends the stream with invalid-from",
		async (from) => {
			await using all = await pair();
			all.a.send(message({ from, to: "b@localhost/y" }));
			expect(await all.a.streamError()).toBe("invalid-from");
			expect(await all.b.settle()).toEqual([]);
		},
	);

	it.each(["@", "", "b@", "b@local host", "b@localhost/", `"b"@localhost`])("to %j is jid-malformed", async (to) => {
		await using all = await pair();
		all.a.send(iq("get", { id: "1", to }, QUERY));
		const answer = await all.a.next();
		expect([answer.attr("id"), answer.attr("from"), answer.attr("to")]).toEqual(["1", "localhost", "a@localhost/x"]);
		expect(decodeStanzaError(answer)).toMatchObject({ type: "modify", condition: "jid-malformed" });
	});
});

describe("A message", () => {
	it.each([undefined, "chat", "normal", "headline", "groupchat", "error", "made-up"])(
		"of type %s reaches the resource it names, available or not",
		async (type) => {
			await using all = await pair();
			all.a.send(message({ to: "b@localhost/y", ...(type === undefined ? {} : { type }) }, BODY));
			expect((await all.b.next()).child("body")?.text()).toBe("hi");
		},
	);

	it("for the bare JID reaches the available resources of the highest priority", async () => {
		await using all = await pair();
		using low = await RawClient.login(all.server.port, "b", "pw", "low");
		using high = await RawClient.login(all.server.port, "b", "pw", "high");
		await all.b.available(PRIORITY(5));
		await low.available(PRIORITY(1));
		await high.available(PRIORITY(5));
		for (const client of [all.b, low, high]) await client.settle();
		for (const type of ["chat", "normal"]) all.a.send(message({ type, to: "b@localhost" }, BODY));
		await all.a.settle();
		expect(names(await all.b.settle())).toEqual(["message", "message"]);
		expect(names(await high.settle())).toEqual(["message", "message"]);
		expect(await low.settle()).toEqual([]);
	});

	it("of type headline reaches all available resources of priority 0 or more, and nobody else", async () => {
		await using all = await pair();
		using negative = await RawClient.login(all.server.port, "b", "pw", "negative");
		await all.b.available(PRIORITY(0));
		await negative.available(PRIORITY(-1));
		for (const client of [all.b, negative]) await client.settle();
		all.a.send(message({ type: "headline", to: "b@localhost" }, BODY));
		all.a.send(message({ type: "headline", to: "b@localhost/gone" }, BODY));
		expect(await all.a.settle()).toEqual([]);
		expect(names(await all.b.settle())).toEqual(["message"]);
		expect(await negative.settle()).toEqual([]);
	});

	it.each([
		["groupchat", "b@localhost"],
		["groupchat", "b@localhost/gone"],
		["normal", "b@localhost/gone"],
		["chat", "nobody@localhost"],
		["chat", "nobody@localhost/x"],
		["chat", "localhost"],
	])("of type %s for %s is refused with service-unavailable", async (type, to) => {
		await using all = await pair();
		await all.b.available();
		all.a.send(message({ id: "m", type, to }, BODY));
		const answer = await all.a.next();
		expect([answer.name, answer.attr("id"), answer.attr("from")]).toEqual(["message", "m", to]);
		expect(decodeStanzaError(answer)).toMatchObject({ condition: "service-unavailable" });
	});

	it("of type chat for a resource that is gone goes to the bare JID", async () => {
		await using all = await pair();
		await all.b.available();
		all.a.send(message({ type: "chat", to: "b@localhost/gone" }, BODY));
		expect((await all.b.next()).attr("to")).toBe("b@localhost/gone");
	});

	it("without address goes to the sender's own account", async () => {
		await using all = await pair();
		await all.a.available();
		all.a.send(message({ type: "chat" }, BODY));
		const got = await all.a.next();
		expect([got.attr("to"), got.attr("from")]).toEqual(["a@localhost", "a@localhost/x"]);
	});
});

describe("A message for somebody offline", () => {
	it("is kept and delivered with a time stamp at the next presence, in order", async () => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		for (const id of ["1", "2"]) a.send(message({ id, to: "b@localhost", type: "chat" }, BODY));
		a.send(message({ id: "3", to: "b@localhost", type: "chat" }, xml("composing", "urn:chatstates")));
		expect(await a.settle()).toEqual([]);
		using b = await RawClient.login(server.port, "b", "pw");
		await b.available(PRIORITY(-1));
		expect(await b.settle()).toEqual([]);
		await b.available(PRIORITY(0));
		const kept = await b.settle();
		expect(kept.map((stanza) => stanza.attr("id"))).toEqual(["1", "2"]);
		expect(kept[0]?.child("delay", "urn:xmpp:delay")?.attr("stamp")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
		using again = await RawClient.login(server.port, "b", "pw");
		await again.available();
		expect((await again.settle()).filter((stanza) => stanza.name === "message")).toEqual([]);
	});

	it.each([{ maxOfflineMessages: 1 }, { maxOfflineBytes: 250 }])(
		"is refused when the store is full: %j",
		async (limits) => {
			await using server = await startTestServer({ limits });
			using a = await RawClient.login(server.port, "a", "pw");
			a.send(message({ id: "1", to: "b@localhost" }, BODY));
			expect(await a.settle()).toEqual([]);
			a.send(message({ id: "2", to: "b@localhost" }, BODY));
			const answer = await a.next();
			expect(answer.attr("id")).toBe("2");
			expect(decodeStanzaError(answer)).toMatchObject({ condition: "service-unavailable" });
		},
	);
});

describe("Presence", () => {
	it("of an unknown type is refused with bad-request", async () => {
		await using all = await pair();
		all.a.send(presence({ type: "dancing", to: "b@localhost" }));
		expect(decodeStanzaError(await all.a.next())).toMatchObject({ condition: "bad-request" });
	});
});

function names(stanzas: readonly Element[]): string[] {
	return stanzas.map((stanza) => stanza.name);
}
