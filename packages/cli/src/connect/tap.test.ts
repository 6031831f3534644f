import { clientLink, createNode, get, memoryBus, service } from "antiphon";
import { expect, it } from "vitest";
import { tapped } from "./tap.js";

const echo = service("echo", "1.0.0", { say: get({}) });

it("a link that is looked into can still claim a domain", async () => {
	const bus = memoryBus();
	await using provider = await createNode({ link: tapped(bus.link("provider@example.org")) });
	await provider.serve(echo, { say: () => {} }, { domain: "fn.example.org" });
	const seen: string[] = [];
	const link = tapped(bus.link("caller@example.org"), (direction, stanza) => seen.push(`${direction} ${stanza.name}`));
	await using caller = await createNode({ link });
	const client = caller.client(echo, { domain: "fn.example.org" });
	await client.$waitFor();
	seen.length = 0;
	const stop = link.record();
	await client.say();
	expect(seen).toEqual(["sent iq", "received iq"]);
	expect(stop().map((stanza) => stanza.attr("type"))).toEqual(["get", "result"]);
});

it("a link that cannot claim a domain does not look as if it could", () => {
	const link = clientLink({ url: "xmpp://localhost:1", jid: "a@localhost", password: "secret" });
	expect("claim" in tapped(link)).toBe(false);
});
