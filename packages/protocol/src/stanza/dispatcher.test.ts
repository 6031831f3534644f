import { xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { NS } from "../namespaces.js";
import { Dispatcher } from "./dispatcher.js";

const ping = xml("ping", NS.ping);
const body = xml("body", NS.client, {}, "hello");
const stanza = (name: string, type: string | undefined, ...children: Parameters<typeof xml>[3][]) =>
	xml(name, NS.client, { type }, ...children);

describe("Dispatcher", () => {
	it("finds the handler by kind, namespace and name of the payload", () => {
		const dispatcher = new Dispatcher<string>();
		dispatcher.add({ kind: "iq-get", payload: { ns: NS.ping, name: "ping" }, handler: "ping" });
		expect(dispatcher.find(stanza("iq", "get", ping))).toEqual({ handler: "ping", payload: ping });
		expect(dispatcher.find(stanza("iq", "set", ping))).toBeUndefined();
		expect(dispatcher.find(stanza("iq", "get", xml("ping", "urn:other")))).toBeUndefined();
		expect(dispatcher.find(stanza("iq", "get", xml("pong", NS.ping)))).toBeUndefined();
		expect(dispatcher.find(stanza("message", undefined, ping))).toBeUndefined();
		expect(dispatcher.find(stanza("iq", "get"))).toBeUndefined();
	});

	it("looks at the first element of an iq only, and past text", () => {
		const dispatcher = new Dispatcher<string>();
		dispatcher.add({ kind: "iq-get", payload: ping, handler: "ping" });
		expect(dispatcher.find(stanza("iq", "get", " ", ping))?.handler).toBe("ping");
		expect(dispatcher.find(stanza("iq", "get", xml("other", "urn:x"), ping))).toBeUndefined();
	});

	it("looks at every element of a message, in order", () => {
		const dispatcher = new Dispatcher<string>();
		dispatcher.add({ kind: "message", payload: { ns: NS.client, name: "body" }, handler: "chat" });
		dispatcher.add({ kind: "message", handler: "any message" });
		expect(dispatcher.find(stanza("message", "chat", xml("x", "urn:x"), body))).toEqual({
			handler: "chat",
			payload: body,
		});
		expect(dispatcher.find(stanza("message", "chat"))).toEqual({ handler: "any message", payload: undefined });
	});

	it("never hands out results and errors: they belong to whoever asked", () => {
		const dispatcher = new Dispatcher<string>();
		for (const kind of ["iq-get", "iq-set", "message", "presence"] as const) dispatcher.add({ kind, handler: kind });
		for (const type of ["result", "error", undefined, "", "GET"]) {
			expect(dispatcher.find(stanza("iq", type, ping))).toBeUndefined();
		}
		expect(dispatcher.find(stanza("message", "error", body))).toBeUndefined();
		expect(dispatcher.find(stanza("presence", "error"))).toBeUndefined();
		expect(dispatcher.find(stanza("presence", "unavailable"))?.handler).toBe("presence");
	});

	it("takes no stanza of another namespace", () => {
		const dispatcher = new Dispatcher<string>();
		dispatcher.add({ kind: "iq-get", handler: "any" });
		expect(dispatcher.find(xml("iq", "urn:x", { type: "get" }, ping))).toBeUndefined();
		expect(dispatcher.find(xml("stream", NS.client))).toBeUndefined();
	});

	it("is not confused by a namespace with a space in it", () => {
		const dispatcher = new Dispatcher<string>();
		dispatcher.add({ kind: "iq-get", payload: { ns: "a b", name: "c" }, handler: "spaced" });
		expect(dispatcher.find(stanza("iq", "get", xml("c", "a b")))?.handler).toBe("spaced");
		expect(dispatcher.find(stanza("iq", "get", xml("c", "b")))).toBeUndefined();
		expect(dispatcher.find(stanza("iq", "get", xml("c", "a")))).toBeUndefined();
	});

	it("refuses a second handler for one route, and frees the route again", () => {
		const dispatcher = new Dispatcher<string>();
		const remove = dispatcher.add({ kind: "iq-get", payload: ping, handler: "first" });
		expect(() => dispatcher.add({ kind: "iq-get", payload: ping, handler: "second" })).toThrow(
			/two handlers for iq-get/,
		);
		remove();
		dispatcher.add({ kind: "iq-get", payload: ping, handler: "second" });
		remove();
		expect(dispatcher.find(stanza("iq", "get", ping))?.handler).toBe("second");
	});
});
