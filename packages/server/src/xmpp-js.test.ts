import { describe, expect, it } from "vitest";
import { startTestServer } from "./testing/start.js";
import { client, component, componentXml, xml } from "./testing/xmpp-js.js";

function clientOf(port: number, username: string, password = "pw", resource = "js") {
	const entity = client({ service: `xmpp://127.0.0.1:${port}`, domain: "localhost", username, password, resource });
	entity.reconnect.stop();
	entity.on("error", () => {});
	return entity;
}

describe("xmpp.js", () => {
	it("logs in as client and as component, and the two call each other", async () => {
		await using server = await startTestServer();
		const a = clientOf(server.port, "a");
		const fn = component({
			service: `xmpp://127.0.0.1:${server.componentPort}`,
			domain: "fn.localhost",
			password: "s3cret",
		});
		fn.reconnect.stop();
		fn.on("error", () => {});
		fn.iqCallee.get("urn:test", "q", ({ stanza }) =>
			componentXml("q", { xmlns: "urn:test", from: stanza.attrs["from"] ?? "" }),
		);
		expect((await a.start()).toString()).toBe("a@localhost/js");
		await fn.start();
		const answer = await a.iqCaller.get(xml("q", { xmlns: "urn:test" }), "dict@fn.localhost/1", 5000);
		expect(answer?.attrs["from"]).toBe("a@localhost/js");
		await expect(a.iqCaller.get(xml("q", { xmlns: "urn:other" }), "dict@fn.localhost", 5000)).rejects.toThrow(
			"service-unavailable",
		);
		await a.stop();
		await fn.stop();
	});

	it("asks for its roster, sends presence and messages, and pings", async () => {
		await using server = await startTestServer();
		const a = clientOf(server.port, "a");
		const b = clientOf(server.port, "b");
		const bodies: (string | null)[] = [];
		b.on("stanza", (stanza) => {
			if (stanza.getChild("body") !== undefined) bodies.push(stanza.getChildText("body"));
		});
		await Promise.all([a.start(), b.start()]);
		await b.send(xml("presence"));
		await b.iqCaller.get(xml("query", { xmlns: "jabber:iq:roster" }), undefined, 5000);
		await a.send(xml("message", { to: "b@localhost", type: "chat" }, xml("body", {}, `'"<>&`)));
		await a.iqCaller.get(xml("ping", { xmlns: "urn:xmpp:ping" }), "localhost", 5000);
		await b.iqCaller.get(xml("ping", { xmlns: "urn:xmpp:ping" }), "localhost", 5000);
		expect(bodies).toEqual([`'"<>&`]);
		await Promise.all([a.stop(), b.stop()]);
	});

	it("is told a wrong password", async () => {
		await using server = await startTestServer();
		const a = clientOf(server.port, "a", "wrong");
		await expect(a.start()).rejects.toThrow("not-authorized");
		await a.stop();
	});
});
