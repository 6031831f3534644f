import { encodeCall, encodeReply, iq, message } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { DOMAIN, FakeLink, fakeNode, probe, rawLink, turn, world } from "../testing/bus.js";

const FORWARD = "urn:xmpp:forward:0";

/** A stanza as its bearer says that it was, bare (XEP-0297) and as a carbon (XEP-0280). */
const wrapped = (stanza: Element): Element[] => {
	const forwarded = xml("forwarded", FORWARD, {}, stanza);
	return [forwarded, xml("sent", "urn:xmpp:carbons:2", {}, forwarded)];
};

// In many clients whoever forwarded something could speak in the name of anybody: they took what is inside for direct.
describe("what is inside a forwarded stanza (compare CVE-2017-5589)", () => {
	it("runs nothing on a provider", async () => {
		const words: string[] = [];
		const { bus } = await world({
			echo: ({ word }) => {
				words.push(word);
				return { text: word };
			},
		});
		const raw = await rawLink(bus, "raw@example.org/x");
		const to = `probe.echo@${DOMAIN}/one`;
		const call = (word: string) =>
			encodeCall({ fn: "probe.echo", version: "1.0.0", ttlMs: 5_000, encoding: "json", input: { word } });
		const inner = iq("get", { from: "caller@example.org/x", to, id: "forwarded" }, call("forwarded"));
		for (const content of wrapped(inner)) {
			raw.link.send(message({ to }, content));
			expect((await raw.ask("get", to, content)).attr("type")).toBe("error");
		}
		expect((await raw.ask("get", to, call("direct"))).attr("type")).toBe("result");
		expect(words).toEqual(["direct"]);
	});

	it("settles no call", async () => {
		const link = new FakeLink();
		const node = await fakeNode(link);
		const reply = node.client(probe, { to: "worker@example.org/x" }).echo({ word: "x" }, { timeoutMs: 5_000 });
		await turn();
		const id = link.sent[0]?.attr("id") ?? "";
		const result = (text: string) =>
			iq("result", { from: "worker@example.org/x", to: "fake@example.org/x", id }, encodeReply("json", { text }));
		for (const content of wrapped(result("forwarded"))) {
			for (const from of ["mallory@example.org/x", "fake@example.org", undefined]) {
				link.receive(message({ from, id }, content));
				link.receive(iq("result", { from, id }, content));
			}
		}
		link.receive(result("direct"));
		expect(await reply).toEqual({ text: "direct" });
	});
});
