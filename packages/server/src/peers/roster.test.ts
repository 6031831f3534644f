import { decodeStanzaError, iq, NS, presence } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { RawClient } from "../testing/raw-client.js";
import { startTestServer } from "../testing/start.js";
import { Roster } from "./roster.js";

const query = (...items: Element[]) => xml("query", NS.roster, {}, ...items);
const item = (attributes: Record<string, string>, ...groups: string[]) =>
	xml("item", NS.roster, attributes, ...groups.map((group) => xml("group", NS.roster, {}, group)));

async function askRoster(client: RawClient): Promise<string[]> {
	client.send(iq("get", { id: "roster" }, query()));
	const answer = await client.find((stanza) => stanza.attr("id") === "roster");
	return (answer.child("query", NS.roster)?.elements() ?? []).map(show);
}

function show(element: Element | undefined): string {
	const groups = element?.elements("group", NS.roster).map((group) => group.text()) ?? [];
	const parts = [element?.attr("jid"), element?.attr("name"), element?.attr("subscription"), element?.attr("ask")];
	return [...parts, ...groups].filter((part) => part !== undefined).join(" ");
}

/** The roster pushes among what came, as text. */
const pushes = (stanzas: readonly Element[]): string[] =>
	stanzas
		.filter((stanza) => stanza.name === "iq" && stanza.attr("type") === "set")
		.map((stanza) => show(stanza.child("query", NS.roster)?.child("item")));

const presences = (stanzas: readonly Element[]): string[] =>
	stanzas
		.filter((stanza) => stanza.name === "presence")
		.map((stanza) => `${stanza.attr("type") ?? "available"} ${stanza.attr("from")}`);

describe("A roster", () => {
	it("is changed by its owner, and every session that asked for it gets the push", async () => {
		await using server = await startTestServer();
		using desk = await RawClient.login(server.port, "a", "pw", "desk");
		using phone = await RawClient.login(server.port, "a", "pw", "phone");
		using mute = await RawClient.login(server.port, "a", "pw", "mute");
		expect([await askRoster(desk), await askRoster(phone)]).toEqual([[], []]);
		desk.send(iq("set", { id: "1" }, query(item({ jid: "B@localhost/x", name: `B & "co"` }, "friends", "<work>"))));
		const entry = `b@localhost B & "co" none friends <work>`;
		expect(pushes(await desk.settle())).toEqual([entry]);
		expect(pushes(await phone.settle())).toEqual([entry]);
		expect(await mute.settle()).toEqual([]);
		expect(await askRoster(phone)).toEqual([entry]);
		desk.send(iq("set", { id: "2" }, query(item({ jid: "b@localhost", subscription: "remove" }))));
		expect(pushes(await desk.settle())).toEqual(["b@localhost remove"]);
		expect(await askRoster(phone)).toEqual([]);
	});

	it.each<[string, Element, string]>([
		["without item", query(), "bad-request"],
		["with two items", query(item({ jid: "b@localhost" }), item({ jid: "c@localhost" })), "bad-request"],
		["without jid", query(item({})), "bad-request"],
		["with a jid that is none", query(item({ jid: "@" })), "jid-malformed"],
		["with a group twice", query(item({ jid: "b@localhost" }, "g", "g")), "bad-request"],
		["with a group without name", query(item({ jid: "b@localhost" }, "")), "not-acceptable"],
		["with a name too long", query(item({ jid: "b@localhost", name: "n".repeat(1024) })), "not-acceptable"],
		["with too many groups", query(item({ jid: "b@localhost" }, "1", "2", "3")), "not-acceptable"],
		["that removes what is not there", query(item({ jid: "b@localhost", subscription: "remove" })), "item-not-found"],
	])("refuses a set %s", async (_, payload, condition) => {
		await using server = await startTestServer({ limits: { maxRosterGroups: 2 } });
		using a = await RawClient.login(server.port, "a", "pw");
		a.send(iq("set", { id: "1" }, payload));
		expect(decodeStanzaError(await a.next())).toMatchObject({ condition });
		expect(await askRoster(a)).toEqual([]);
	});

	it("is written once for all who ask, and anew after each change, of which nothing is missed", async () => {
		const bounds = { maxItems: 10, maxBytes: 1000, maxRequests: 10 };
		const roster = new Roster(bounds, [], () => {});
		const empty = roster.written;
		expect(empty).toEqual({ text: `<query xmlns='${NS.roster}'/>`, bytes: 33 });
		expect(roster.written).toBe(empty);
		roster.set({ ...roster.get("ä@localhost"), listed: true });
		const { written } = roster;
		expect(written.text).toContain("<item jid='ä@localhost' subscription='none'/>");
		expect(written.bytes).toBe(Buffer.byteLength(written.text));
		expect(roster.written).toBe(written);
		roster.delete("ä@localhost");
		expect(roster.written).toEqual(empty);

		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		using b = await RawClient.login(server.port, "b", "pw");
		expect(await askRoster(a)).toEqual([]);
		a.send(presence({ to: "b@localhost", type: "subscribe" }));
		await a.settle();
		expect(await askRoster(a)).toEqual(["b@localhost none subscribe"]);
		b.send(presence({ to: "a@localhost", type: "subscribed" }));
		await b.settle();
		expect(await askRoster(a)).toEqual(["b@localhost to"]);
		a.send(iq("set", { id: "1" }, query(item({ jid: "b@localhost", subscription: "remove" }))));
		await a.settle();
		expect(await askRoster(a)).toEqual([]);
	});

	it("is given without an id to clients that ask without one, as XMPP4R does", async () => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		a.send(iq("get", {}, query()));
		const answer = await a.next();
		expect([answer.attr("type"), answer.attr("id"), answer.child()?.ns]).toEqual(["result", undefined, NS.roster]);
	});

	it("is its owner's alone", async () => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		a.send(iq("get", { id: "1", to: "b@localhost" }, query()));
		fn.send(iq("get", { id: "1", from: "fn.localhost", to: "b@localhost" }, query()));
		for (const peer of [a, fn]) expect(decodeStanzaError(await peer.next())).toMatchObject({ condition: "forbidden" });
	});

	it("takes no more items than the limit", async () => {
		await using server = await startTestServer({ limits: { maxRosterItems: 1 } });
		using a = await RawClient.login(server.port, "a", "pw");
		for (const jid of ["b@localhost", "c@localhost"]) a.send(iq("set", { id: jid }, query(item({ jid }))));
		expect((await a.next()).attr("type")).toBe("result");
		expect(decodeStanzaError(await a.next())).toMatchObject({ type: "wait", condition: "resource-constraint" });
		a.send(presence({ id: "s", type: "subscribe", to: "c@localhost" }));
		expect(decodeStanzaError(await a.next())).toMatchObject({ condition: "resource-constraint" });
	});
});

async function available(server: { port: number }, user: string): Promise<RawClient> {
	const client = await RawClient.login(server.port, user, "pw", "r");
	await askRoster(client);
	await client.available();
	return client;
}

async function befriend(a: RawClient, b: RawClient): Promise<void> {
	a.send(presence({ type: "subscribe", to: "b@localhost" }));
	await b.find((stanza) => stanza.attr("type") === "subscribe");
	b.send(presence({ type: "subscribed", to: "a@localhost" }));
	b.send(presence({ type: "subscribe", to: "a@localhost" }));
	await a.find((stanza) => stanza.attr("type") === "subscribe");
	a.send(presence({ type: "subscribed", to: "b@localhost" }));
	await b.find((stanza) => stanza.attr("type") === "subscribed");
	await a.settle();
	await b.settle();
}

describe("A subscription", () => {
	it("goes from request to both, with pushes and presence at each step", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		using b = await available(server, "b");
		a.send(presence({ type: "subscribe", to: "b@localhost/r", from: a.jid }));
		expect(pushes(await a.settle())).toEqual(["b@localhost none subscribe"]);
		const asked = await b.settle();
		expect(presences(asked)).toEqual(["subscribe a@localhost"]);
		expect([asked[0]?.attr("to"), pushes(asked)]).toEqual(["b@localhost", []]);
		b.send(presence({ type: "subscribed", to: "a@localhost" }));
		expect(pushes(await b.settle())).toEqual(["a@localhost from"]);
		const granted = await a.settle();
		expect(pushes(granted)).toEqual(["b@localhost to"]);
		expect(presences(granted)).toEqual(["subscribed b@localhost", "available b@localhost/r"]);
		b.send(presence({ type: "subscribe", to: "a@localhost" }));
		await b.settle();
		a.send(presence({ type: "subscribed", to: "b@localhost" }));
		await a.settle();
		expect(presences(await b.settle())).toEqual(["subscribed a@localhost", "available a@localhost/r"]);
		expect([await askRoster(a), await askRoster(b)]).toEqual([["b@localhost both"], ["a@localhost both"]]);
	});

	it("request waits for somebody who is offline, with what it said, at each login until it is answered", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		a.send(presence({ type: "subscribe", to: "b@localhost" }, xml("status", NS.client, {}, "it's me & you")));
		a.send(presence({ type: "subscribe", to: "b@localhost" }));
		await a.settle();
		for (let i = 0; i < 2; i++) {
			using b = await RawClient.login(server.port, "b", "pw");
			expect(await askRoster(b)).toEqual([]);
			await b.available();
			const waiting = await b.settle();
			expect(presences(waiting)).toEqual(["subscribe a@localhost"]);
			expect(waiting[0]?.child("status")?.text()).toBe("it's me & you");
		}
		using b = await available(server, "b");
		await b.settle();
		b.send(presence({ type: "unsubscribed", to: "a@localhost" }));
		await b.settle();
		const refused = await a.settle();
		expect(presences(refused)).toEqual(["unsubscribed b@localhost"]);
		expect(pushes(refused)).toEqual(["b@localhost none"]);
	});

	it("request that was granted before is granted again by the server", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		using b = await available(server, "b");
		await befriend(a, b);
		a.send(presence({ type: "subscribe", to: "b@localhost" }));
		expect(presences(await a.settle())).toEqual(["available b@localhost/r"]);
		expect(await b.settle()).toEqual([]);
	});

	it("that nobody asked for is neither granted nor sent on", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		using b = await available(server, "b");
		for (const type of ["subscribed", "unsubscribed"]) a.send(presence({ type, to: "b@localhost" }));
		expect(await a.settle()).toEqual([]);
		expect(await b.settle()).toEqual([]);
		expect(await askRoster(a)).toEqual([]);
	});

	it("ends by unsubscribe, and the contact is seen no more", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		using b = await available(server, "b");
		await befriend(a, b);
		a.send(presence({ type: "unsubscribe", to: "b@localhost" }));
		const own = await a.settle();
		expect(pushes(own)).toEqual(["b@localhost from"]);
		expect(presences(own)).toEqual(["unavailable b@localhost/r"]);
		const seen = await b.settle();
		expect([presences(seen), pushes(seen)]).toEqual([["unsubscribe a@localhost"], ["a@localhost to"]]);
	});

	it("ends by unsubscribed, and the user is seen no more", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		using b = await available(server, "b");
		await befriend(a, b);
		a.send(presence({ type: "unsubscribed", to: "b@localhost" }));
		expect(pushes(await a.settle())).toEqual(["b@localhost to"]);
		const seen = await b.settle();
		expect(presences(seen)).toEqual(["unsubscribed a@localhost", "unavailable a@localhost/r"]);
		expect(pushes(seen)).toEqual(["a@localhost from"]);
	});

	it("ends both ways when the item is removed", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		using b = await available(server, "b");
		await befriend(a, b);
		a.send(iq("set", { id: "1" }, query(item({ jid: "b@localhost", subscription: "remove" }))));
		await a.settle();
		const seen = await b.settle();
		expect(presences(seen)).toEqual([
			"unsubscribe a@localhost",
			"unsubscribed a@localhost",
			"unavailable a@localhost/r",
		]);
		expect([await askRoster(a), await askRoster(b)]).toEqual([[], ["a@localhost none"]]);
	});

	it("to a component's JID is the component's to grant, and it gets probe and presence", async () => {
		await using server = await startTestServer();
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		using a = await available(server, "a");
		a.send(presence({ type: "subscribe", to: "dict@fn.localhost" }));
		expect((await fn.next()).attr("from")).toBe("a@localhost");
		fn.send(presence({ type: "subscribed", from: "dict@fn.localhost", to: "a@localhost" }));
		fn.send(presence({ from: "dict@fn.localhost/1", to: "a@localhost" }));
		fn.send(presence({ type: "subscribe", from: "dict@fn.localhost", to: "a@localhost/r" }));
		await a.find((stanza) => stanza.attr("type") === "subscribe");
		a.send(presence({ type: "subscribed", to: "dict@fn.localhost" }));
		expect(await askRoster(a)).toEqual(["dict@fn.localhost both"]);
		expect(presences([await fn.next(), await fn.next()])).toEqual([
			"subscribed a@localhost",
			"available a@localhost/r",
		]);
		a[Symbol.dispose]();
		expect(presences([await fn.next()])).toEqual(["unavailable a@localhost/r"]);
		using _again = await available(server, "a");
		expect(presences([await fn.next(), await fn.next()]).sort()).toEqual([
			"available a@localhost/r",
			"probe a@localhost/r",
		]);
	});

	it("requests are kept up to the limit, then refused", async () => {
		await using server = await startTestServer({ limits: { maxSubscriptionRequests: 1 } });
		using a = await available(server, "a");
		using c = await available(server, "c");
		a.send(presence({ id: "1", type: "subscribe", to: "b@localhost" }));
		await a.settle();
		c.send(presence({ id: "2", type: "subscribe", to: "b@localhost" }));
		const refused = (await c.settle()).find((stanza) => stanza.attr("type") === "error");
		expect(decodeStanzaError(refused as Element)).toMatchObject({ type: "wait", condition: "resource-constraint" });
	});

	it("to oneself or to nobody is a bad request", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		for (const to of ["a@localhost", undefined]) {
			a.send(presence({ type: "subscribe", to }));
			expect(decodeStanzaError(await a.next())).toMatchObject({ condition: "bad-request" });
		}
	});
});

describe("Presence of contacts", () => {
	it("is broadcast, asked for at login, and ends when the connection breaks", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		using b = await available(server, "b");
		await befriend(a, b);
		b.send(presence({}, xml("show", NS.client, {}, "dnd")));
		expect((await a.next()).child("show")?.text()).toBe("dnd");
		a[Symbol.dispose]();
		await b.find((stanza) => stanza.attr("type") === "unavailable" && stanza.attr("from") === "a@localhost/r");
		using again = await RawClient.login(server.port, "a", "pw", "s");
		await again.available();
		const seen = await again.settle();
		expect(presences(seen)).toEqual(["available b@localhost/r"]);
		expect(seen[0]?.child("show")?.text()).toBe("dnd");
	});

	it("goes to the account's own resources too", async () => {
		await using server = await startTestServer();
		using desk = await RawClient.login(server.port, "a", "pw", "desk");
		await desk.available();
		using phone = await RawClient.login(server.port, "a", "pw", "phone");
		phone.send(presence({}));
		expect(presences(await phone.settle())).toEqual(["available a@localhost/phone", "available a@localhost/desk"]);
		expect(presences(await desk.settle())).toEqual(["available a@localhost/phone"]);
		phone.send(presence({ type: "unavailable" }));
		expect(presences(await phone.settle())).toEqual(["unavailable a@localhost/phone"]);
		expect(presences(await desk.settle())).toEqual(["unavailable a@localhost/phone"]);
	});

	it("is refused to those without a subscription, who learn nothing by a probe", async () => {
		await using server = await startTestServer();
		using a = await available(server, "a");
		using _b = await available(server, "b");
		a.send(presence({ type: "probe", to: "b@localhost" }));
		a.send(presence({ type: "probe", to: "nobody@localhost" }));
		expect(presences(await a.settle())).toEqual([]);
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		fn.send(presence({ type: "probe", from: "x@fn.localhost/y", to: "b@localhost" }));
		const answer = await fn.next();
		expect([presences([answer]), answer.attr("to")]).toEqual([["unsubscribed b@localhost"], "x@fn.localhost"]);
	});

	it.each(["128", "-129", "x", "", "1e2"])("has no priority %j", async (priority) => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		a.send(presence({}, xml("priority", NS.client, {}, priority)));
		expect(decodeStanzaError(await a.next())).toMatchObject({ condition: "bad-request" });
	});
});

describe("Directed presence", () => {
	it("reaches accounts, resources and components without a subscription, and so does its end", async () => {
		await using server = await startTestServer();
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		using b = await available(server, "b");
		for (const breaks of [false, true]) {
			using a = await RawClient.login(server.port, "a", "pw", "r");
			for (const to of ["b@localhost", "dict@fn.localhost/1"]) a.send(presence({ to }));
			expect(presences([await b.next(), await fn.next()])).toEqual(Array(2).fill("available a@localhost/r"));
			if (breaks) a[Symbol.dispose]();
			else a.write("</stream:stream>");
			const [left, right] = [await b.next(), await fn.next()];
			expect(presences([left, right])).toEqual(Array(2).fill("unavailable a@localhost/r"));
			expect([left.attr("to"), right.attr("to")]).toEqual(["b@localhost", "dict@fn.localhost/1"]);
		}
		expect(await b.settle()).toEqual([]);
	});

	it("ends once: by a directed unavailable, or with the broadcast", async () => {
		await using server = await startTestServer();
		using b = await available(server, "b");
		using a = await RawClient.login(server.port, "a", "pw", "r");
		await a.available();
		a.send(presence({ to: b.jid }));
		a.send(presence({ to: b.jid, type: "unavailable" }));
		a.send(presence({ to: "b@localhost" }));
		a.send(presence({ type: "unavailable" }));
		await a.settle();
		a[Symbol.dispose]();
		const seen = presences(await b.settle());
		expect(seen).toEqual(
			["available", "unavailable", "available", "unavailable"].map((type) => `${type} a@localhost/r`),
		);
	});

	it("goes to no more addresses than the limit", async () => {
		await using server = await startTestServer({ limits: { maxDirectedPresence: 1 } });
		using b = await available(server, "b");
		using a = await RawClient.login(server.port, "a", "pw");
		for (const to of [b.jid, b.jid, "b@localhost"]) a.send(presence({ to }));
		const [refused] = await a.settle();
		expect(decodeStanzaError(refused as Element)).toMatchObject({ type: "wait", condition: "resource-constraint" });
		expect(await b.settle()).toHaveLength(2);
	});
});
