import { decodeStanzaError, iq, Jid, message, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { DEFAULT_SERVER_LIMITS } from "./limits.js";
import { Accounts } from "./peers/accounts.js";
import { Components } from "./peers/components.js";
import type { Peer } from "./peers/peer.js";
import { PresenceTable } from "./routing/presence-table.js";
import { Router } from "./routing/router.js";
import { RawClient } from "./testing/raw-client.js";
import { eventually, recordingLog, startTestServer } from "./testing/start.js";

const PING = xml("ping", NS.ping);

describe("A component's stream (XEP-0114)", () => {
	it("opens several domains, each with its own secret", async () => {
		await using server = await startTestServer();
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		using other = await RawClient.component(server.componentPort, "other.localhost", "0ther");
		expect(fn.header?.attributes).toEqual(["from", "fn.localhost", "id", expect.stringMatching(/^[\w-]{22}$/)]);
		fn.send(message({ from: "x@fn.localhost", to: "y@other.localhost" }, xml("body", NS.client, {}, "hi")));
		const got = await other.next();
		expect([got.attr("from"), got.child("body", NS.client)?.text()]).toEqual(["x@fn.localhost", "hi"]);
		expect(server.stats().components).toBe(2);
	});

	it("refuses the wrong secret and another component's with not-authorized, and says so", async () => {
		const log = recordingLog();
		await using server = await startTestServer({ log });
		for (const secret of ["wrong", "0ther", ""]) {
			using fn = await RawClient.connect(server.componentPort, NS.component);
			await expect(fn.handshake("fn.localhost", secret)).rejects.toThrow("not-authorized");
		}
		expect(log.lines[1]).toMatch(
			/warn component fn\.localhost from 127\.0\.0\.1:\d+: closed with not-authorized.*secret/,
		);
	});

	it.each([
		["unknown.localhost", "host-unknown"],
		["localhost", "host-unknown"],
		["@", "host-unknown"],
	])("refuses the domain %s with %s", async (domain, condition) => {
		await using server = await startTestServer();
		using fn = await RawClient.connect(server.componentPort, NS.component);
		fn.open(domain);
		expect(await fn.streamError()).toBe(condition);
	});

	it("refuses a stanza before the handshake with not-authorized", async () => {
		await using server = await startTestServer();
		using fn = await RawClient.connect(server.componentPort, NS.component);
		fn.open("fn.localhost");
		fn.send(message({ from: "fn.localhost", to: "a@localhost" }));
		expect(await fn.streamError()).toBe("not-authorized");
	});

	it.each<[string, Element, string]>([
		["without from", message({ to: "a@localhost" }), "improper-addressing"],
		["without to", message({ from: "fn.localhost" }), "improper-addressing"],
		["from no JID", message({ from: "@", to: "a@localhost" }), "improper-addressing"],
		["from a client", message({ from: "a@localhost", to: "a@localhost" }), "invalid-from"],
		["from another component", message({ from: "x@other.localhost", to: "a@localhost" }), "invalid-from"],
		["from a domain below its own", message({ from: "x.fn.localhost", to: "a@localhost" }), "invalid-from"],
		["that is a second handshake", xml("handshake", NS.client, {}, "0"), "unsupported-stanza-type"],
	])("ends for a stanza %s", async (_, stanza, condition) => {
		await using server = await startTestServer();
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		fn.send(stanza);
		expect(await fn.streamError()).toBe(condition);
		await eventually(() => server.stats().components === 0, "the component is gone");
	});

	it("answers a stanza to no JID with jid-malformed, from an address that is one", async () => {
		await using server = await startTestServer();
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		fn.send(iq("get", { id: "1", from: "x@fn.localhost", to: "a@b@c" }, PING));
		const answer = await fn.next();
		expect([answer.attr("from"), answer.attr("to")]).toEqual(["localhost", "x@fn.localhost"]);
		expect(decodeStanzaError(answer)).toMatchObject({ type: "modify", condition: "jid-malformed" });
	});
});

describe("The addresses that a component writes", () => {
	it("reach whom they name in one spelling, to clients, components and the hook, and the answer finds its way", async () => {
		const seen: string[] = [];
		await using server = await startTestServer({
			onStanza: ({ from, to, stanza }) => seen.push(`${from} ${to} ${stanza.attr("from")} ${stanza.attr("to")}`),
		});
		using a = await RawClient.login(server.port, "a", "pw", "\u00e9");
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		using other = await RawClient.component(server.componentPort, "other.localhost", "0ther");
		fn.send(message({ from: "F@FN.Localhost/X", to: "A@LOCALHOST/e\u0301" }));
		fn.send(message({ from: "F@FN.Localhost/X", to: "G@OTHER.localhost" }));
		const [toClient, toComponent] = [await a.next(), await other.next()];
		expect([toClient.attr("from"), toClient.attr("to")]).toEqual(["f@fn.localhost/X", "a@localhost/\u00e9"]);
		expect([toComponent.attr("from"), toComponent.attr("to")]).toEqual(["f@fn.localhost/X", "g@other.localhost"]);
		fn.send(iq("get", { id: "1", from: "F@FN.Localhost/X", to: "NOBODY@localhost" }, xml("q", "urn:q")));
		const refused = await fn.next();
		expect([refused.attr("from"), refused.attr("to")]).toEqual(["nobody@localhost", "f@fn.localhost/X"]);
		expect(seen).toContain("f@fn.localhost/X a@localhost/\u00e9 f@fn.localhost/X a@localhost/\u00e9");
	});

	it("are left alone where they have that spelling already: the stanza is not copied", () => {
		const routed: Element[] = [];
		const router = new Router({
			domain: "localhost",
			limits: DEFAULT_SERVER_LIMITS,
			accounts: new Accounts("localhost"),
			components: new Components(new Map()),
			presence: new PresenceTable(),
			log: recordingLog(),
			onStanza: ({ stanza }) => routed.push(stanza),
		});
		const component: Peer = {
			jid: Jid.parse("fn.localhost"),
			payer: "fn.localhost",
			maxStanzaBytes: 1000,
			lastHeardMs: 0,
			unfinishedSinceMs: undefined,
			backlog: { queuedBytes: 0, takenBytes: 0 },
			send: () => "queued",
			offer: () => "queued",
			fail: () => {},
		};
		const plain = message({ from: "f@fn.localhost/X", to: "fn.localhost" });
		router.fromComponent(component, plain);
		expect(routed[0]).toBe(plain);
	});
});

describe("A second connection for a component's domain", () => {
	it("is refused with conflict by default, and the first goes on", async () => {
		await using server = await startTestServer();
		using first = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		using second = await RawClient.connect(server.componentPort, NS.component);
		await expect(second.handshake("fn.localhost", "s3cret")).rejects.toThrow("conflict");
		first.send(iq("get", { id: "1", from: "fn.localhost", to: "localhost" }, PING));
		expect((await first.next()).attr("type")).toBe("result");
	});

	it("replaces the first where that is asked for, but not without the secret", async () => {
		await using server = await startTestServer({ componentConflict: "replace" });
		using first = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		using stranger = await RawClient.connect(server.componentPort, NS.component);
		await expect(stranger.handshake("fn.localhost", "guess")).rejects.toThrow("not-authorized");
		using second = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		expect(await first.streamError()).toBe("conflict");
		expect(server.stats().components).toBe(1);
		using a = await RawClient.login(server.port, "a", "pw");
		a.send(iq("get", { id: "1", to: "fn.localhost" }, PING));
		expect((await second.next()).attr("from")).toBe(a.jid);
	});
});

describe("A stanza for a component", () => {
	it("that is not connected is refused with service-unavailable, wait: nobody serves this now", async () => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		for (const stanza of [
			iq("get", { id: "1", to: "x@fn.localhost/y" }, PING),
			message({ id: "2", to: "fn.localhost" }),
		]) {
			a.send(stanza);
			const answer = await a.next();
			expect(answer.attr("from")).toBe(stanza.attr("to"));
			expect(decodeStanzaError(answer)).toEqual({
				type: "wait",
				condition: "service-unavailable",
				text: "no component is connected for fn.localhost",
				application: undefined,
			});
		}
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		fn[Symbol.dispose]();
		await eventually(() => server.stats().components === 0, "the component is gone");
		a.send(iq("get", { id: "3", to: "fn.localhost" }, PING));
		expect(decodeStanzaError(await a.next())).toMatchObject({ type: "wait", condition: "service-unavailable" });
	});

	it("of a domain that nobody configured is refused with remote-server-not-found", async () => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		a.send(iq("get", { id: "1", to: "x@example.org" }, PING));
		expect(decodeStanzaError(await a.next())).toMatchObject({ type: "cancel", condition: "remote-server-not-found" });
	});

	it("reaches every JID of its domain, in the normal form, with what it carries unchanged", async () => {
		await using server = await startTestServer();
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		using a = await RawClient.login(server.port, "a", "pw", "x");
		a.write(
			"<iq type='set' id='1' to='Dict.Define@FN.localhost/Worker-7' xml:lang='de'>" +
				"<call xmlns='urn:t' xmlns:p='urn:p' p:k='&lt;v&gt;'>&amp;<p:in/><in xmlns='jabber:client'/></call></iq>",
		);
		const got = await fn.next();
		expect([got.attr("to"), got.attr("from"), got.attr("xml:lang")]).toEqual([
			"dict.define@fn.localhost/Worker-7",
			"a@localhost/x",
			"de",
		]);
		const call = got.child("call", "urn:t");
		expect([call?.attr("{urn:p}k"), call?.text()]).toEqual(["<v>", "&"]);
		expect(call?.elements().map((child) => child.ns)).toEqual(["urn:p", NS.client]);
	});
});
