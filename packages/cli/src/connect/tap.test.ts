import { type Element, parseElement } from "@antiphon/xml";
import { clientLink, createNode, get, memoryBus, service } from "antiphon";
import { expect, it } from "vitest";
import { tapped } from "./tap.js";

const echo = service("echo", "1.0.0", { say: get({}) });

it("a recording has requests and their answers, and nothing that comes by meanwhile", async () => {
	const bus = memoryBus();
	const [asker, other] = [tapped(bus.link("me@example.org/a")), bus.link("you@example.org/b")];
	const seen: Element[] = [];
	const events = { onState: () => {}, onStanza: () => {} };
	const stanza = (text: string) => parseElement(`<${text} xmlns='jabber:client'/>`);
	await other.open(
		{
			...events,
			onStanza: () => {
				other.send(stanza("message id='1' to='me@example.org/a' type='headline'"));
				other.send(stanza("iq id='2' to='me@example.org/a' type='get'"));
				other.send(stanza("iq id='3' to='me@example.org/a' type='result'"));
				other.send(stanza("iq id='1' to='me@example.org/a' type='result'"));
			},
		},
		{ timeoutMs: 1_000 },
	);
	await asker.open({ ...events, onStanza: (received) => seen.push(received) }, { timeoutMs: 1_000 });
	const stop = asker.record();
	asker.send(stanza("iq id='1' to='you@example.org/b' type='set'"));
	await expect.poll(() => seen.length).toBe(4);
	expect(stop().map((each) => [each.name, each.attr("id"), each.attr("type")])).toEqual([
		["iq", "1", "set"],
		["iq", "1", "result"],
	]);
	await Promise.all([asker.close(), other.close()]);
});

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
