import { readFileSync } from "node:fs";
import { decodeStanzaError, iq, NS, presence } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { expect, it } from "vitest";
import { RawClient } from "./testing/raw-client.js";
import { startTestServer } from "./testing/start.js";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

async function ask(
	client: RawClient,
	to: string | undefined,
	payload: Element,
	type: "get" | "set" = "get",
): Promise<Element> {
	client.send(iq(type, { id: "q", to }, payload));
	return client.find((stanza) => stanza.attr("id") === "q");
}

const info = (node?: string) => xml("query", NS.discoInfo, { node });
const items = (node?: string) => xml("query", NS.discoItems, { node });

it("The server tells what it is, what it can do, and which components are connected", async () => {
	await using server = await startTestServer();
	using a = await RawClient.login(server.port, "a", "pw");
	const answer = (await ask(a, "localhost", info())).child("query", NS.discoInfo);
	expect(answer?.child("identity")?.attributes.slice(0, 4)).toEqual(["category", "server", "type", "im"]);
	const features = answer?.elements("feature").map((feature) => feature.attr("var")) ?? [];
	expect(features).toEqual([NS.discoInfo, NS.discoItems, NS.version, "msgoffline", NS.ping, NS.time].sort());
	expect((await ask(a, "localhost", items())).child("query")?.elements()).toEqual([]);
	using _fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
	const [item] = (await ask(a, "localhost", items())).child("query")?.elements() ?? [];
	expect(item?.attributes).toEqual(["jid", "fn.localhost"]);
});

it("An unknown node does not exist", async () => {
	await using server = await startTestServer();
	using a = await RawClient.login(server.port, "a", "pw");
	for (const payload of [info("x"), items("x")]) {
		expect(decodeStanzaError(await ask(a, "localhost", payload))).toMatchObject({ condition: "item-not-found" });
	}
});

it("An account tells its owner and those who may see its presence, for all others it might not exist", async () => {
	await using server = await startTestServer();
	using a = await RawClient.login(server.port, "a", "pw", "x");
	using b = await RawClient.login(server.port, "b", "pw", "y");
	await a.available();
	for (const to of [undefined, "a@localhost"]) {
		const identity = (await ask(a, to, info())).child("query")?.child("identity");
		expect(identity?.attributes.slice(0, 4)).toEqual(["category", "account", "type", "registered"]);
	}
	for (const to of ["a@localhost", "nobody@localhost"]) {
		expect(decodeStanzaError(await ask(b, to, info()))).toMatchObject({ condition: "service-unavailable" });
		expect(decodeStanzaError(await ask(b, to, items()))).toMatchObject({ condition: "service-unavailable" });
	}
	b.send(presence({ type: "subscribe", to: "a@localhost" }));
	await b.settle();
	a.send(presence({ type: "subscribed", to: "b@localhost" }));
	await a.settle();
	const [resource] = (await ask(b, "a@localhost", items())).child("query")?.elements() ?? [];
	expect(resource?.attr("jid")).toBe("a@localhost/x");
});

it("The server answers ping, version, time and the legacy session; an account answers pings", async () => {
	await using server = await startTestServer();
	using a = await RawClient.login(server.port, "a", "pw");
	for (const to of [undefined, "localhost", "a@localhost", "b@localhost"]) {
		const answer = await ask(a, to, xml("ping", NS.ping));
		expect([answer.attr("type"), answer.children]).toEqual(["result", []]);
	}
	const version = (await ask(a, "localhost", xml("query", NS.version))).child("query", NS.version);
	expect(version?.child("name")?.text()).toBe("Antiphon embedded server");
	expect(version?.child("version")?.text()).toBe(manifest.version);
	expect(version?.child("os")).toBeUndefined();
	const time = (await ask(a, "localhost", xml("time", NS.time))).child("time", NS.time);
	expect(time?.child("tzo")?.text()).toBe("+00:00");
	expect(Math.abs(Date.parse(time?.child("utc")?.text() ?? "") - Date.now())).toBeLessThan(60_000);
	expect((await ask(a, undefined, xml("session", NS.session), "set")).attr("type")).toBe("result");
});
