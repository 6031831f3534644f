import type { EventEmitter } from "node:events";
import { NS } from "@antiphon/protocol";
import { type ClientEntity, client } from "@xmpp/client";
import { describe, expect, it } from "vitest";
import { encode, fakeServer, mechanisms } from "../testing/fake-server.js";

/**
 * What xmpp.js does without us, so that it can be seen why a part of it is replaced. When one of these tests fails after
 * an update, the library has become better, and what replaces that part may go.
 */
interface LibraryParser extends EventEmitter {
	write(text: string): void;
	root: { children: unknown[] } | null;
}

function bareParser(): LibraryParser {
	const entity = client({
		service: "xmpp://x",
		domain: "x",
		resource: undefined,
		timeout: 1000,
		credentials: async () => {},
	});
	const [transport] = entity.transports.slice(1) as { prototype: { Parser: new () => LibraryParser } }[];
	if (transport === undefined) throw new Error("xmpp.js has no TCP transport any more");
	return new transport.prototype.Parser();
}

describe("xmpp.js without us", () => {
	it("corrupts a character that is split across TCP segments", () => {
		const entity = client({
			service: "xmpp://x",
			domain: "x",
			resource: undefined,
			timeout: 1000,
			credentials: async () => {},
		});
		let text = "";
		const bare = entity as ClientEntity & { parser: { write(text: string): void }; _onData(chunk: Buffer): void };
		bare.parser = {
			write: (part) => {
				text += part;
			},
		};
		const bytes = Buffer.from("€");
		bare._onData(bytes.subarray(0, 1));
		bare._onData(bytes.subarray(1));
		expect(text).not.toBe("€");
	});

	it("throws out of the socket's data handler at an entity that it does not know", () => {
		const parser = bareParser();
		parser.on("error", () => {});
		parser.write("<stream>");
		expect(() => parser.write("<message>&foo;</message>")).toThrow();
	});

	it("lets white space between stanzas pile up", () => {
		const parser = bareParser();
		parser.write("<stream>");
		for (let i = 0; i < 100; i++) parser.write(" <message/>");
		expect(parser.root?.children.length).toBe(100);
	});

	it("swallows everything behind a DOCTYPE", () => {
		const parser = bareParser();
		const names: string[] = [];
		parser.on("element", (element: { name: string }) => names.push(element.name));
		parser.write("<stream>");
		parser.write("<!DOCTYPE x [<!ENTITY a 'b'>");
		parser.write("<message/><presence/>");
		expect(names).toEqual([]);
	});

	it("takes the word of a server that does not know the password", async () => {
		await using server = await fakeServer(async (peer) => {
			await peer.open(mechanisms("SCRAM-SHA-1"));
			const auth = await peer.element();
			const nonce = /r=(.*)$/.exec(Buffer.from(auth.text(), "base64").toString())?.[1];
			peer.send(`<challenge xmlns='${NS.sasl}'>${encode(`r=${nonce}x,s=c2FsdA==,i=4096`)}</challenge>`);
			await peer.element();
			peer.restart();
			peer.send(`<success xmlns='${NS.sasl}'>${encode("v=AAAA")}</success>`);
			await peer.bind();
		});
		const entity = client({
			service: `xmpp://127.0.0.1:${server.port}`,
			domain: "example.org",
			resource: undefined,
			timeout: 5000,
			credentials: (authenticate) => authenticate({ username: "user", password: "pw" }, "SCRAM-SHA-1"),
		});
		entity.reconnect.stop();
		entity.on("error", () => {});
		const online = new Promise((resolve) => entity.once("online", resolve));
		await entity.connect(`xmpp://127.0.0.1:${server.port}`);
		await entity.open({ domain: "example.org" });
		expect(String(await online)).toBe("user@example.org/bound");
	});
});
