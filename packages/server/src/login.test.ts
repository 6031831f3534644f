import { iq, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { expect, it } from "vitest";
import { startServer } from "./server.js";
import { RawClient } from "./testing/raw-client.js";

const OPTIONS = {
	port: 0,
	componentPort: 0,
	users: { a: "pw-a", b: "pw-b" },
	components: { "fn.localhost": "s3cret" },
};

it("lets two clients and a component log in and carries iqs between them", async () => {
	await using server = await startServer(OPTIONS);
	using a = await RawClient.login(server.port, "a", "pw-a", "x");
	using b = await RawClient.login(server.port, "b", "pw-b", "y");
	using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
	expect([a.jid, b.jid]).toEqual(["a@localhost/x", "b@localhost/y"]);
	for (const [client, to] of [
		[b, "b@localhost/y"],
		[fn, "define@fn.localhost/worker"],
	] as const) {
		a.send(iq("get", { to, id: "1" }, xml("q", "urn:test")));
		const got = await client.next();
		expect(got.attributes).toEqual(["type", "get", "id", "1", "from", "a@localhost/x", "to", to]);
		client.send(iq("result", { to: "a@localhost/x", from: to, id: "1" }, xml("r", "urn:test")));
		const result = await a.next();
		expect([result.attr("from"), result.child()?.name]).toEqual([to, "r"]);
		expect(result.ns).toBe(NS.client);
	}
});
